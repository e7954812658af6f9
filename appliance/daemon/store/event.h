/* Events: what happened, append-only until it is forgotten (forget.h). */
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

/* An event as it is read, with what its subjects are called today. */
struct store_event_row {
    int64_t sequence, utc_ms;
    char kind[STORE_WORD_MAX + 1];
    int code;
    struct id launch, build, image, session, container;
    char session_name[65], image_name[STORE_NAME_MAX + 1];
    char repository[STORE_SPEC_MAX + 1]; /* its URL, or a launch's "<provider>/<spec>" */
    char json[STORE_SPEC_MAX + 1];       /* ""; one that is longer is left out */
};

struct store_event_page {
    int64_t after; /* a sequence: what came behind it; 0: from the beginning, -1: the last ones */
    int64_t since; /* UTC ms: what came before is left out; 0: nothing is */
    int limit;
};
/* Calls `each`, which does not write, for at most `limit` events, oldest first. Sequence and time grow together but for
 * a clock that was set back: `since` is looked for among the sequences, so that the table need not be read. */
int store_event_load(struct store *s, const struct store_event_page *page,
                     void (*each)(void *arg, const struct store_event_row *row), void *arg, struct err *e) ERR_CHECKED;
/* The sequence behind which the events since `utc_ms` stand. */
int store_event_before(struct store *s, int64_t utc_ms, int64_t *out, struct err *e) ERR_CHECKED;

#endif
