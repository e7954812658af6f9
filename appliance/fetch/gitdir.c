/* The small .git of an image: the transfer's own pack, and what makes a work tree of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/gitdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/describe.h"

static int write_file(const char *repository, const char *name, const struct buf *text, struct err *e)
{
    cleanup_free char *path = mem_format("%s/%s", repository, name);
    cleanup_file FILE *file = fopen(path, "we");

    if (!file || fwrite(buf_text(text), 1, text->len, file) != text->len || fflush(file) != 0)
        return err_set_errno(e, ERR_SYSTEM, "writing %s", path);
    return 0;
}

/* A value of git's configuration (git-config(1), "Syntax"). */
static void add_quoted(struct buf *b, const char *value)
{
    buf_add_char(b, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, *value);
    }
    buf_add_char(b, '"');
}

static int make_config(const char *repository, const char *url, struct err *e)
{
    cleanup_buf struct buf text = BUF_OF(16384);

    buf_add_text(&text, "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
                        "\tlogallrefupdates = true\n[remote \"origin\"]\n\turl = ");
    add_quoted(&text, url);
    buf_add_text(&text, "\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
    if (text.full || strchr(url, '\n'))
        return err_set(e, ERR_FETCH_ADDRESS, "%s cannot be an address", url);
    return write_file(repository, "config", &text, e);
}

static void free_index(git_index **index)
{
    git_index_free(*index);
}

static void free_tree(git_tree **tree)
{
    git_tree_free(*tree);
}

/* What `git read-tree` would write: a process less. Its times are zero, so git looks at the files when it is asked. */
static int make_index(const char *repository, const struct tree *t, struct err *e)
{
    cleanup_free char *path = mem_format("%s/index", repository);
    CLEANUP(free_index) git_index *index = NULL;
    CLEANUP(free_tree) git_tree *tree = NULL;

    unlink(path);
    if (git_tree_lookup(&tree, t->parts[0].repository, &t->parts[0].root) < 0 || git_index_open(&index, path) < 0 ||
        git_index_read_tree(index, tree) < 0 || git_index_write(index) < 0) {
        const git_error *why = git_error_last();

        return err_set(e, ERR_FETCH_FAILED, "the index for .git: %s", why ? why->message : "no reason given");
    }
    return 0;
}

int gitdir_make(const char *repository, const struct tree *tree, const char *url, struct err *e)
{
    cleanup_buf struct buf head = BUF_OF(GIT_OID_HEXSZ + 1);
    char commit[GIT_OID_HEXSZ + 1];

    git_oid_tostr(commit, sizeof commit, &tree->parts[0].commit);
    buf_add_text(&head, commit);
    buf_add_char(&head, '\n');
    if (write_file(repository, "HEAD", &head, e) < 0 || make_config(repository, url, e) < 0)
        return -1;
    return make_index(repository, tree, e);
}

static bool is_hex(const char *name)
{
    return strspn(name, "0123456789abcdef") == strlen(name);
}

static bool is_object(const char *folder, const char *name)
{
    if (str_is(folder, "objects/pack/"))
        return str_ends(name, ".pack") || str_ends(name, ".idx");
    return is_hex(name) && strlen(name) == 38;
}

/* The objects in one folder below objects/; those that git left half made are none. */
static int add_objects(struct describe_names *paths, const char *repository, const char *folder, struct err *e)
{
    cleanup_free char *path = mem_format("%s/%s", repository, folder);
    cleanup_dir DIR *dir = opendir(path);
    size_t before = paths->n;

    if (!dir)
        return errno == ENOENT ? 0 : err_set_errno(e, ERR_SYSTEM, "reading %s", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_object(folder, entry->d_name))
            continue;
        if (paths->n >= TREE_ENTRIES_MAX)
            return err_set(e, ERR_FETCH_TREE, "the repository has more than %d objects", TREE_ENTRIES_MAX);
        describe_name(paths, mem_format("%s%s", folder, entry->d_name));
    }
    if (paths->n > before)
        describe_name(paths, mem_string(folder));
    return 0;
}

static int add_loose(struct describe_names *paths, const char *repository, struct err *e)
{
    for (unsigned i = 0; i < 256; i++) {
        char folder[sizeof "objects/00/"];

        snprintf(folder, sizeof folder, "objects/%02x/", i);
        if (add_objects(paths, repository, folder, e) < 0)
            return -1;
    }
    return 0;
}

int gitdir_paths(char ***out, const char *repository, struct err *e)
{
    static const char *const fixed[] = {"HEAD", "config", "index", "objects/", "refs/", "refs/heads/"};
    cleanup_free char *shallow = mem_format("%s/shallow", repository);
    struct describe_names paths = {0};

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        describe_name(&paths, mem_string(fixed[i]));
    if (access(shallow, F_OK) == 0)
        describe_name(&paths, mem_string("shallow"));
    if (add_objects(&paths, repository, "objects/pack/", e) < 0 || add_loose(&paths, repository, e) < 0) {
        gitdir_paths_free(&paths.all);
        return -1;
    }
    *out = paths.all;
    return 0;
}

void gitdir_paths_free(char ***paths)
{
    for (char **path = *paths; path && *path; path++)
        free(*path);
    free(*paths);
    *paths = NULL;
}
