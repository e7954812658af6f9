/* One question to a provider's host over HTTP. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_ASK_H
#define FETCH_ASK_H

#include "fetch/conn.h"
#include "provider/ask.h"

#define ASK_BODY_MAX (8 << 20) /* bytes: GitHub tells of a commit with its first 300 files */
#define ASK_REASON_MAX 64

struct ask_answer {
    struct provider_answer said; /* its texts are the members below */
    char reason[ASK_REASON_MAX];
    char etag[WIRE_FETCH_ETAG_MAX + 1]; /* "": none, or one that is too long */
    struct buf body;
};

void ask_answer_free(struct ask_answer *a);

/*
 * GET, with at most 5 redirects and 20 s (contract 3). `etag`: of the answer that is known, "": none. Proxies and
 * certificates as the environment says. Errors: ERR_ASK_FAILED with a sentence, ERR_FETCH_CANCELLED.
 */
int ask_get(struct ask_answer *out, const struct provider_question *q, const char *etag, struct conn *conn,
            struct err *e) ERR_CHECKED;

#endif
