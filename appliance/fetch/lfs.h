/* Git LFS: the content of large files, where the tree has pointers to it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_LFS_H
#define FETCH_LFS_H

#include "fetch/git.h"
#include "fetch/tree.h"

/*
 * Gives each file that .gitattributes puts under LFS the content that its blob points to: git-lfs(1) fetches it beside
 * the part's repository, checks its hash, and the entry's `file` and `size` become the content's. A pointer without the
 * attribute is a file like others. What all of it will take is known before, so the tree's limit is on it.
 * Errors: ERR_FETCH_LFS with git-lfs's words, ERR_TOO_LARGE, git_run()'s.
 */
int lfs_bring(struct tree *t, const struct git *g, struct err *e) ERR_CHECKED;

#endif
