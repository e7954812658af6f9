/* The small .git of an image: the transfer's own pack, and what makes a work tree of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_GITDIR_H
#define FETCH_GITDIR_H

#include "fetch/tree.h"

/*
 * The federation's images have a .git, so ours do (decisions 2): HEAD at the commit, a remote "origin", an index of the
 * commit's tree and git's own objects. `git status` in a session says what the visitor has changed.
 */

/* Makes HEAD, config and index in the bare repository. Errors: ERR_SYSTEM, ERR_FETCH_FAILED. */
int gitdir_make(const char *repository, const struct tree *tree, const char *url, struct err *e) ERR_CHECKED;

/* The paths in it that belong into the image, in any order; a folder's ends with '/'. Owned, ends with NULL, at most
 * TREE_ENTRIES_MAX: ERR_FETCH_TREE. */
int gitdir_paths(char ***out, const char *repository, struct err *e) ERR_CHECKED;
void gitdir_paths_free(char ***paths);

#endif
