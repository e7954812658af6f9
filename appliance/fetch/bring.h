/* The transfer: one commit from its server into a bare repository. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_BRING_H
#define FETCH_BRING_H

#include "fetch/git.h"

struct bring_wish {
    const char *folder; /* the bare repository's name below g->folder; what is there goes first */
    const char *url, *commit;
    const char *ref; /* for servers that hand out no commit by its id; "": none */
};

/*
 * Brings the commit into a bare repository of its own below g->folder, whose path is *repository (owned, also after an
 * error). Tried in this order, the log says why (decisions 1): the commit alone; the ref alone; the ref with its
 * history; everything. Errors: ERR_FETCH_GONE, ERR_FETCH_FAILED, ERR_FETCH_ADDRESS, ERR_TOO_LARGE, ERR_DEADLINE,
 * ERR_FETCH_CANCELLED.
 */
int bring_commit(char **repository, const struct git *g, const struct bring_wish *wish, struct err *e) ERR_CHECKED;

#endif
