/* OPEN: one commit, from its server to a plan, and what its contexts are made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_OPEN_H
#define FETCH_OPEN_H

#include "fetch/describe.h"
#include "fetch/git.h"
#include "fetch/tree.h"
#include "plan/settings.h"

struct opened {
    char *url, *commit, *ref, *repository; /* owned */
    struct tree *tree;
    struct description description;
    struct buf ca_bundle;
    struct plan_settings settings;
    struct plan *plan;
};

/* The plan's settings from what OPEN says, from which they borrow; *ca_bundle holds the bundle's bytes. Errors:
 * ERR_SYSTEM, ERR_TOO_LARGE. */
int open_settings(struct plan_settings *out, struct buf *ca_bundle, const struct wire_fetch_message *m,
                  struct err *e) ERR_CHECKED;

/*
 * Fetches, walks and plans. *o is zero before and freed with opened_free() afterwards, also after an error. Errors: of
 * bring.h, tree.h and plan.h.
 */
int open_commit(struct opened *o, const struct git *g, const struct wire_fetch_message *m, struct err *e) ERR_CHECKED;
void opened_free(struct opened *o);

#endif
