/* Answers of the gateway's own: a page that a person can read, JSON for programs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_PAGE_H
#define GATEWAY_PAGE_H

#include "base/err.h"
#include "gateway/stream.h"

struct page {
    enum err_code code; /* its HTTP status and sentence */
    int status;         /* 0: the code's own */
    const char *text;   /* instead of the sentence; NULL: none */
    int64_t ended_s;    /* when what was here ended, UTC; 0: not known */
    const char *portal; /* the portal's URL, with a '/' at its end; "": not known */
    const char *again;  /* path below it that launches it again; NULL: none */
    bool json, to_head, last;
};

/* Adds head and body. */
void page_add(struct room *out, const struct page *p);

/* The answer to /hub/api/health. */
void page_add_health(struct room *out, bool to_head, bool last);

/* In plain text, for a connection that is closed before it has asked for anything. `code`'s status: one that has a
 * Retry-After. */
void page_add_refusal(struct room *out, enum err_code code);

#endif
