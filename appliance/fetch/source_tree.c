/* A commit as a place to look into; its links are followed by name, never by a file system. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/source.h"

#define LINKS_MAX 40 /* as the kernel has it */

/* A path on its way to what it names: the part that is followed, and the rest. */
struct way {
    char done[TREE_PATH_MAX + 1], rest[2 * TREE_PATH_MAX + 2];
};

static void free_blob(git_odb_object **object)
{
    git_odb_object_free(*object);
}

/* "a/b" becomes "a"; false where that would leave the repository. */
static bool step_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (!*path)
        return false;
    *(slash ? slash : path) = '\0';
    return true;
}

/* Puts what the link says before the rest of the way; false for one that leads outside, or is too long. */
static bool follow(struct way *w, struct tree *t, const struct tree_entry *link)
{
    CLEANUP(free_blob) git_odb_object *object = NULL;
    char rest[sizeof w->rest];
    struct err e;
    size_t len;

    if (tree_read(&object, t, link, &e) < 0)
        return false;
    len = git_odb_object_size(object);
    if (len > TREE_PATH_MAX || len + 1 + strlen(w->rest) >= sizeof rest)
        return false;
    memcpy(rest, git_odb_object_data(object), len);
    rest[len] = '/';
    strcpy(rest + len + 1, w->rest);
    memcpy(w->rest, rest, sizeof rest);
    return w->rest[0] != '/' && step_up(w->done);
}

/* Takes the next part off the rest and goes there; *at becomes what is there, NULL for the root. */
static bool step(struct way *w, struct tree *t, const struct tree_entry **at)
{
    struct slice rest = slice_of(w->rest), part = slice_cut(&rest, '/');
    size_t len = strlen(w->done);
    char name[TREE_PATH_MAX + 1];

    if (part.len > TREE_PATH_MAX)
        return false;
    memcpy(name, part.at, part.len);
    name[part.len] = '\0';
    memmove(w->rest, rest.at, rest.len + 1);
    if (str_is(name, "..")) {
        if (!step_up(w->done))
            return false;
    } else if (*name && !str_is(name, ".")) {
        if (len + 1 + part.len > TREE_PATH_MAX)
            return false;
        if (len)
            w->done[len++] = '/';
        strcpy(w->done + len, name);
    }
    *at = *w->done ? tree_find(t, w->done) : NULL;
    return *at || !*w->done;
}

/* Where `path` leads: true with *at NULL for the root. */
static bool resolve(const struct tree_entry **at, struct tree *t, const char *path)
{
    struct way w = {0};
    int links = 0;

    *at = NULL;
    if (!str_copy(w.rest, sizeof w.rest, path))
        return false;
    while (*w.rest) {
        if (*at && (*at)->kind != TREE_FOLDER)
            return false;
        if (!step(&w, t, at))
            return false;
        if (*at && (*at)->kind == TREE_LINK && (++links > LINKS_MAX || !follow(&w, t, *at)))
            return false;
        if (*at && (*at)->kind == TREE_LINK)
            *at = *w.done ? tree_find(t, w.done) : NULL;
    }
    return true;
}

static enum source_kind kind(void *of, const char *path)
{
    const struct tree_entry *at;

    if (!resolve(&at, of, path))
        return SOURCE_NOTHING;
    if (!at || at->kind == TREE_FOLDER)
        return SOURCE_FOLDER;
    return at->kind == TREE_FILE || at->kind == TREE_PROGRAM ? SOURCE_FILE : SOURCE_NOTHING;
}

static int list(void *of, const char *folder, struct describe_names *out, struct err *e)
{
    struct tree *t = of;
    const struct tree_entry *at;
    size_t front;

    if (!resolve(&at, t, folder))
        return 0;
    front = at ? strlen(at->path) + 1 : 0;
    for (size_t i = 0; i < t->n; i++) {
        const char *path = t->entries[i].path;

        if (at && (strncmp(path, at->path, front - 1) != 0 || path[front - 1] != '/'))
            continue;
        if (!strchr(path + front, '/'))
            describe_name(out, mem_string(path + front));
    }
    return 0;
}

/* Content that is no blob: what Git LFS has brought. */
static int read_file(const char *path, struct buf *out, struct err *e)
{
    cleanup_file FILE *file = fopen(path, "re");
    char bytes[65536];
    size_t got;

    while (file && (got = fread(bytes, 1, sizeof bytes, file)) > 0)
        buf_add(out, bytes, got);
    return file && !ferror(file) ? 0 : err_set_errno(e, ERR_SYSTEM, "reading %s", path);
}

static int read_text(void *of, const char *path, struct buf *out, struct err *e)
{
    CLEANUP(free_blob) git_odb_object *object = NULL;
    const struct tree_entry *at;

    if (!resolve(&at, of, path) || !at)
        return err_set(e, ERR_INTERNAL, "%s is no file", path);
    if (at->size > out->limit) {
        out->full = true;
        return 0;
    }
    if (at->file)
        return read_file(at->file, out, e);
    if (tree_read(&object, of, at, e) < 0)
        return -1;
    buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
    return 0;
}

struct source source_tree(struct tree *tree)
{
    return (struct source){tree, list, kind, read_text};
}
