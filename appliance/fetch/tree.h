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
    const char *path;    /* relative; no empty, "." or ".." part, none that git would take for a ".git" */
    enum tree_kind kind; /* a submodule that was brought is a folder */
    unsigned part;       /* whose object it is */
    git_oid id;
    uint64_t size; /* bytes, of files and links */
    char *file;    /* owned; NULL, or where its content lies on disk: not the blob's own (lfs.h) */
};

/* The repository itself, or one of its submodules. */
struct tree_part {
    git_repository *repository;
    git_odb *odb;
    git_oid commit, root;
    char *at;   /* owned; its folder in the tree, "" for the repository itself */
    char *path; /* owned; of the bare repository on disk */
    char *url;  /* owned; where it came from */
};

struct tree_origin {
    const char *repository; /* bare, on disk: bring.h */
    const char *commit, *url;
};

struct tree {
    struct tree_part *parts; /* owned; the first is the repository itself */
    unsigned n_parts;
    struct tree_entry *entries; /* owned; sorted by path, byte by byte; no path stands twice */
    size_t n, room;
    uint64_t size, size_max; /* bytes of all files and links */
    uint64_t paths;          /* bytes of all paths */
    size_t modules;          /* submodules that are empty folders */
};

bool tree_has_commit(const char *repository, const char *commit);

/* Reads the tree of a commit (or of the commit that an annotated tag points to). Errors: ERR_FETCH_TREE (names that
 * cannot be, more than TREE_ENTRIES_MAX), ERR_TOO_LARGE (files of more than size_max bytes), ERR_FETCH_FAILED. */
int tree_open(struct tree **out, const struct tree_origin *from, uint64_t size_max, struct err *e) ERR_CHECKED;
/* The same of a submodule, below the entry of that path, which becomes a folder. */
int tree_add(struct tree *t, const char *at, const struct tree_origin *from, struct err *e) ERR_CHECKED;
void tree_free(struct tree **tree);
#define cleanup_tree CLEANUP(tree_free)

/* NULL when there is none of that path. */
const struct tree_entry *tree_find(const struct tree *t, const char *path);

/* More bytes in the tree than was thought, or less: ERR_TOO_LARGE. */
int tree_grow(struct tree *t, int64_t by, struct err *e) ERR_CHECKED;

/* A file's or link's blob; *out is freed with git_odb_object_free(). Errors: ERR_FETCH_FAILED. */
int tree_read(git_odb_object **out, const struct tree *t, const struct tree_entry *entry, struct err *e) ERR_CHECKED;

#endif
