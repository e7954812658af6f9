/* Events: what happened, append-only. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "base/id.h"
#include "store/store.h"

/* Written in the transaction of the change it tells (decisions 12). No visitor's address, token or key is in it. */
struct store_event {
    const char *kind;   /* "launch", "build", "session", ... and what it did: "session.ended" */
    enum err_code code; /* ERR_NONE: nothing went wrong */
    const struct id *launch, *build, *image, *session, *container; /* subjects; NULL: none */
    const char *json;                                              /* an object with what else is known; NULL: none */
};
int store_event_add(struct store *s, const struct store_event *event, struct err *e) ERR_CHECKED;

#endif
