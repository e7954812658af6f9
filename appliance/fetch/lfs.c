/* Git LFS: the content of large files, where the tree has pointers to it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/lfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/lfs_pointer.h"

#define ATTRIBUTES_MAX (1 << 20) /* of a .gitattributes that is looked into */
#define LFS_MS (30 * 60 * 1000)

static void free_blob(git_odb_object **object)
{
    git_odb_object_free(*object);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Whether anything of a part can be under LFS: most repositories have no such line, and are not looked through. */
static bool has_rule(const struct tree *t, unsigned part)
{
    for (size_t i = 0; i < t->n; i++) {
        CLEANUP(free_blob) git_odb_object *object = NULL;
        const struct tree_entry *entry = &t->entries[i];
        struct err ignored;

        if (entry->part != part || entry->size > ATTRIBUTES_MAX || !str_is(name_of(entry->path), ".gitattributes") ||
            entry->kind == TREE_FOLDER || tree_read(&object, t, entry, &ignored) < 0)
            continue;
        if (memmem(git_odb_object_data(object), git_odb_object_size(object), "filter=lfs", sizeof "filter=lfs" - 1))
            return true;
    }
    return false;
}

static bool is_under_lfs(const struct tree_part *p, const char *path)
{
    git_attr_options options = GIT_ATTR_OPTIONS_INIT;
    const char *filter = NULL;

    options.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM | GIT_ATTR_CHECK_INCLUDE_COMMIT;
    options.attr_commit_id = p->commit;
    return git_attr_get_ext(&filter, p->repository, &options, path, "filter") == 0 && filter && str_is(filter, "lfs");
}

/* 1: *out is what the entry points to, 0: it is a file of its own, -1: it cannot be read. */
static int pointer_of(struct lfs_pointer *out, const struct tree *t, const struct tree_entry *entry, struct err *e)
{
    CLEANUP(free_blob) git_odb_object *object = NULL;
    const struct tree_part *p = &t->parts[entry->part];
    struct slice blob;

    if ((entry->kind != TREE_FILE && entry->kind != TREE_PROGRAM) || entry->size >= LFS_POINTER_MAX)
        return 0;
    if (tree_read(&object, t, entry, e) < 0)
        return -1;
    blob = (struct slice){git_odb_object_data(object), git_odb_object_size(object)};
    return lfs_pointer_read(out, blob) && is_under_lfs(p, entry->path + (*p->at ? strlen(p->at) + 1 : 0));
}

/* The entries of a part become what they point to; returns how many, -1 for an error. */
static long point(struct tree *t, unsigned part, struct err *e)
{
    long count = 0;

    for (size_t i = 0; i < t->n; i++) {
        struct tree_entry *entry = &t->entries[i];
        struct lfs_pointer to;
        int is = entry->part == part ? pointer_of(&to, t, entry, e) : 0;

        if (is < 0 || (is && tree_grow(t, (int64_t)to.size - (int64_t)entry->size, e) < 0))
            return -1;
        if (!is)
            continue;
        entry->size = to.size;
        /* Where git-lfs keeps it: objects/<2 digits>/<2 digits>/<all>. */
        entry->file = mem_format("%s/lfs/objects/%.2s/%.2s/%s", t->parts[part].path, to.oid, to.oid + 2, to.oid);
        count++;
    }
    return count;
}

/* git-lfs takes settings from the .lfsconfig of HEAD. */
static int write_head(const struct tree_part *p, const char *commit, struct err *e)
{
    cleanup_free char *path = mem_format("%s/HEAD", p->path);
    cleanup_file FILE *file = fopen(path, "we");

    return file && fprintf(file, "%s\n", commit) > 0 && fflush(file) == 0
               ? 0
               : err_set_errno(e, ERR_SYSTEM, "writing %s", path);
}

static int fetch(struct process_end *end, const struct tree_part *p, const struct git *g, struct err *e)
{
    cleanup_free char *remote = mem_format("remote.origin.url=%s", p->url);
    char commit[GIT_OID_HEXSZ + 1];
    const char *const words[] = {"-c", remote, "--git-dir", p->path, "lfs", "fetch", "origin", commit, NULL};

    git_oid_tostr(commit, sizeof commit, &p->commit);
    return write_head(p, commit, e) < 0 ? -1 : git_run(end, g, words, LFS_MS, e);
}

/* git-lfs also asks for pointers that are files of their own, so what counts is what is there, not its exit code. */
static int check(const struct tree *t, unsigned part, const struct process_end *end, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tree_entry *entry = &t->entries[i];
        struct stat what;
        char why[150];

        if (entry->part != part || !entry->file)
            continue;
        if (lstat(entry->file, &what) == 0 && S_ISREG(what.st_mode) && (uint64_t)what.st_size == entry->size)
            continue;
        git_complaint(why, sizeof why, &end->errors);
        return err_set(e, ERR_FETCH_LFS, "the content of %.60s (Git LFS): %s", entry->path,
                       *why ? why : "the server has none of that size");
    }
    return 0;
}

int lfs_bring(struct tree *t, const struct git *g, struct err *e)
{
    for (unsigned part = 0; part < t->n_parts; part++) {
        CLEANUP(process_end_free) struct process_end end = GIT_END;
        uint64_t before = t->size;
        long count = has_rule(t, part) ? point(t, part, e) : 0;

        if (count < 0)
            return -1;
        if (!count)
            continue;
        conn_line(g->conn, "Fetching the content of %ld large file%s (Git LFS), %.1f MB", count, count == 1 ? "" : "s",
                  (double)(t->size - before) / (1 << 20));
        if (fetch(&end, &t->parts[part], g, e) < 0 || check(t, part, &end, e) < 0)
            return -1;
    }
    return 0;
}
