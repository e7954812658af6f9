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
#include "fetch/module_config.h"

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
    url = module_config_url(&m->all[part].config.output, at + (*in ? strlen(in) + 1 : 0));
    if (!url) {
        conn_line(m->git->conn, "The submodule %s is left out: no .gitmodules says where to get it", at);
        return 0;
    }
    if (m->tree->n_parts > MODULES_MAX)
        return err_set(e, ERR_FETCH_MODULE, "the repository has more than %d submodules", MODULES_MAX);
    if (!module_config_address(&address, m->tree->parts[part].url, url))
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
