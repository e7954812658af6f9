/* The tree of one commit, as libgit2 reads it: checked, bounded, sorted. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_TREE_H
#define FETCH_TREE_H

#include <git2.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TREE_ENTRIES_MAX 100000
#define TREE_PATH_MAX 4096 /* bytes of a path, and of what a link says, without the NUL */

enum tree_kind { TREE_FOLDER, TREE_FILE, TREE_PROGRAM, TREE_LINK, TREE_MODULE };

struct tree_entry {
    const char *path; /* relative; no empty, "." or ".." part, none that git would take for a ".git" */
    enum tree_kind kind;
    git_oid id;
    uint64_t size; /* bytes, of files and links */
};

struct tree {
    git_repository *repository;
    git_odb *odb;
    git_oid commit, root;
    struct tree_entry *entries; /* owned; sorted by path, byte by byte; no path stands twice */
    size_t n;
    uint64_t size; /* bytes of all files and links */
    size_t modules;
};

bool tree_has_commit(const char *repository, const char *commit);

/* Reads the tree of a commit (or of the commit that an annotated tag points to). Errors: ERR_FETCH_TREE (names that
 * cannot be, more than TREE_ENTRIES_MAX), ERR_TOO_LARGE (files of more than size_max bytes), ERR_FETCH_FAILED. */
int tree_open(struct tree **out, const char *repository, const char *commit, uint64_t size_max,
              struct err *e) ERR_CHECKED;
void tree_free(struct tree **tree);
#define cleanup_tree CLEANUP(tree_free)

/* NULL when there is none of that path. */
const struct tree_entry *tree_find(const struct tree *t, const char *path);

/* A file's or link's bytes; *out is freed with git_odb_object_free(). Errors: ERR_FETCH_FAILED. */
int tree_read(git_odb_object **out, const struct tree *t, const struct tree_entry *entry, struct err *e) ERR_CHECKED;

#endif
