/* Submodules: each fetched as the repository itself is, and put where it belongs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_MODULES_H
#define FETCH_MODULES_H

#include "fetch/git.h"
#include "fetch/tree.h"

#define MODULES_MAX 64 /* of one repository and its submodules', in all */

/*
 * Brings what .gitmodules names, and what theirs name, at the commits that the trees say: as `git submodule update
 * --init --recursive` does, with one commit of each. Their files become entries of the tree, so its limits are on all
 * together; they have no .git of their own. A submodule that .gitmodules does not name, or that it tells to leave alone
 * (update = none), is an empty folder, which the log says.
 *
 * Errors: those of bring.h and tree.h with the submodule's path in front, ERR_FETCH_MODULE.
 */
int modules_bring(struct tree *t, const struct git *g, struct err *e) ERR_CHECKED;

#endif
