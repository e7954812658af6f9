/* Submodules: each fetched as the repository itself is, and put where it belongs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/bring.h"

#define ADDRESS_MAX 2048
#define CONFIG_MAX (64 << 10) /* bytes of what git makes of a .gitmodules */
#define CONFIG_MS 10000

/* What git says of a part's .gitmodules. */
struct superproject {
    struct process_end config; /* output: "key\nvalue" and a NUL, again and again */
    bool read;
};

struct modules {
    struct tree *tree;
    const struct git *git;
    struct superproject all[MODULES_MAX + 1]; /* by part of the tree */
};

static void modules_free(struct modules *m)
{
    for (size_t i = 0; i < sizeof m->all / sizeof m->all[0]; i++)
        process_end_free(&m->all[i].config);
}

/* Cuts the last part of an address; that of "https://host" is none. */
static bool cut_last(struct buf *url)
{
    char *text = url->bytes, *at = strrchr(text, '/');

    if (!at || (at - text >= 2 && at[-1] == '/' && at[-2] == ':'))
        return false;
    url->len = (size_t)(at - text);
    text[url->len] = '\0';
    return true;
}

bool modules_address(struct buf *out, const char *super, const char *url)
{
    buf_clear(out);
    if (!str_starts(url, "./") && !str_starts(url, "../"))
        return buf_add_text(out, url);
    if (!buf_add_text(out, super))
        return false;
    while (out->len && out->bytes[out->len - 1] == '/')
        out->bytes[--out->len] = '\0';
    for (;;) {
        if (str_starts(url, "./")) {
            url += 2;
        } else if (str_starts(url, "../")) {
            url += 3;
            if (!cut_last(out))
                return false;
        } else {
            break;
        }
    }
    return buf_add_char(out, '/') && buf_add_text(out, url);
}

/* git reads the file: its grammar is git's own. A link is none (as git has it since CVE-2018-11235). */
static int read_config(struct superproject *s, const struct modules *m, unsigned part, struct err *e)
{
    const struct tree_part *p = &m->tree->parts[part];
    cleanup_free char *path = mem_format("%s%s.gitmodules", p->at, *p->at ? "/" : "");
    const struct tree_entry *file = tree_find(m->tree, path);
    char blob[GIT_OID_HEXSZ + 1], why[150];
    const char *const words[] = {"--git-dir", p->path,  "config",       "--no-includes", "--blob",
                                 blob,        "--null", "--get-regexp", "^submodule\\.", NULL};

    s->read = true;
    s->config = (struct process_end){.output = BUF_OF(CONFIG_MAX), .errors = BUF_OF(GIT_ERRORS_MAX)};
    if (!file || (file->kind != TREE_FILE && file->kind != TREE_PROGRAM))
        return 0;
    git_oid_tostr(blob, sizeof blob, &file->id);
    if (git_run(&s->config, m->git, words, CONFIG_MS, e) < 0)
        return -1;
    if (s->config.output.len == CONFIG_MAX)
        return err_set(e, ERR_FETCH_MODULE, "%.100s is too large", path);
    /* 1 without a word: there is no such key. */
    if (s->config.code == 0 || (s->config.code == 1 && !s->config.errors.len))
        return 0;
    git_complaint(why, sizeof why, &s->config.errors);
    return err_set(e, ERR_FETCH_MODULE, "%.60s: %s", path, why);
}

/* The value of the first key "submodule.<name>.<what>" whose name is that of `like`, or whatever where that is NULL. */
static const char *find(const struct superproject *s, struct slice name, const char *what, const char *value)
{
    const char *at = buf_text(&s->config.output), *end = at + s->config.output.len;

    for (; at < end; at += strlen(at) + 1) {
        struct slice text = slice_of(at), key = slice_cut(&text, '\n');
        size_t front = sizeof "submodule." - 1, back = strlen(what) + 1;

        if (key.len < front + back || key.at[key.len - back] != '.' ||
            !slice_is(slice_from(key, key.len - back + 1), what))
            continue;
        if (name.at && (key.len - front - back != name.len || memcmp(key.at + front, name.at, name.len) != 0))
            continue;
        if (!value || slice_is(text, value))
            return at;
    }
    return NULL;
}

static const char *value_of(const char *found)
{
    const char *line_end = found ? strchr(found, '\n') : NULL;

    return line_end ? line_end + 1 : NULL;
}

/* Its name is whatever has its path; its address is under its name. NULL: it is to be left alone. */
static const char *address_of(const struct superproject *s, const char *path)
{
    const char *found = find(s, (struct slice){0}, "path", path), *update;
    struct slice key, name;

    if (!found)
        return NULL;
    key = (struct slice){found, strcspn(found, "\n")};
    name = (struct slice){key.at + sizeof "submodule." - 1, key.len - sizeof "submodule." + 1 - sizeof ".path" + 1};
    update = value_of(find(s, name, "update", NULL));
    return update && str_is(update, "none") ? NULL : value_of(find(s, name, "url", NULL));
}

static int bring(struct modules *m, const char *at, const git_oid *id, const struct buf *url, struct err *e)
{
    cleanup_free char *repository = NULL;
    char commit[GIT_COMMIT], folder[32];
    const struct bring_wish wish = {.folder = folder, .url = buf_text(url), .commit = commit, .ref = ""};

    snprintf(folder, sizeof folder, "module-%u", m->tree->n_parts);
    git_oid_tostr(commit, sizeof commit, id);
    if (bring_commit(&repository, m->git, &wish, e) < 0)
        return -1;
    return tree_add(m->tree, at, &(struct tree_origin){repository, commit, buf_text(url)}, e);
}

static int take(struct modules *m, const struct tree_entry *entry, struct err *e)
{
    unsigned part = entry->part;
    const char *in = m->tree->parts[part].at, *url;
    cleanup_free char *at = mem_string(entry->path);
    cleanup_buf struct buf address = BUF_OF(ADDRESS_MAX);
    git_oid id = entry->id;

    if (!m->all[part].read && read_config(&m->all[part], m, part, e) < 0)
        return -1;
    url = address_of(&m->all[part], at + (*in ? strlen(in) + 1 : 0));
    if (!url) {
        conn_line(m->git->conn, "The submodule %s is left out: no .gitmodules says where to get it", at);
        return 0;
    }
    if (m->tree->n_parts > MODULES_MAX)
        return err_set(e, ERR_FETCH_MODULE, "the repository has more than %d submodules", MODULES_MAX);
    if (!modules_address(&address, m->tree->parts[part].url, url))
        return err_set(e, ERR_FETCH_MODULE, "submodule %.100s: its address %.100s leads nowhere", at, url);
    if (bring(m, at, &id, &address, e) < 0)
        return e->code == ERR_FETCH_CANCELLED ? -1 : err_wrap(e, "submodule %.60s", at);
    return 0;
}

/* What is brought stands behind its folder, because paths are sorted: one way through the tree finds all. */
int modules_bring(struct tree *t, const struct git *g, struct err *e)
{
    CLEANUP(modules_free) struct modules m = {.tree = t, .git = g};

    for (size_t i = 0; i < t->n; i++)
        if (t->entries[i].kind == TREE_MODULE && take(&m, &t->entries[i], e) < 0)
            return -1;
    return 0;
}
