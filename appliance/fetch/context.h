/* CONTEXT: the tar that an image is built from. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_CONTEXT_H
#define FETCH_CONTEXT_H

#include "fetch/git.h"
#include "fetch/tree.h"
#include "plan/plan.h"

struct context {
    const struct plan_image *image;
    const struct git *git; /* whose conn it goes to */
    const struct tree *tree;
    const char *repository; /* git's, a path: its own part of it becomes .git (gitdir.h) */
    const char *url;
};

/*
 * Sends it as BYTES: what is added and, where the plan wants it, the tree with its .git, sorted by path; times, ids and
 * owners are zero; the same repository, commit and plan give the same bytes. Links are entries like others; nothing is
 * unpacked anywhere. Errors: ERR_FETCH_CANCELLED, ERR_FETCH_TREE, ERR_FETCH_FAILED, ERR_SYSTEM.
 */
int context_send(const struct context *c, struct err *e) ERR_CHECKED;

#endif
