/* Two places where a repository may lie: a commit that git brought, and a folder of the machine. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_SOURCE_H
#define FETCH_SOURCE_H

#include "fetch/describe.h"
#include "fetch/tree.h"

/* Borrows `tree`. */
struct source source_tree(struct tree *tree);

/* Borrows *folder, an open descriptor of it. Its version control's own folder is left out. */
struct source source_folder(int *folder);

#endif
