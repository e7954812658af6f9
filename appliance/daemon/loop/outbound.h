/* Questions by HTTP: to the engine's socket, to a container, to whom the operator named. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_OUTBOUND_H
#define LOOP_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "loop/op.h"

/*
 * libcurl's multi interface on the loop; connections are kept. A host that a visitor named is never asked from here:
 * that is fetch's job. No proxy of the environment is used, no redirect followed.
 */
struct loop;
struct outbound;

struct outbound_request {
    const char *method;         /* "GET", "POST", "DELETE", "HEAD" */
    const char *socket;         /* path of a unix socket; NULL: TCP to the URL's host */
    const char *url;            /* http://..., https://... */
    const char *const *headers; /* "Name: value", ends with NULL; NULL: none */
    const void *body;           /* copied; NULL with pull: streamed; NULL without: none */
    size_t body_len;
    /* Body bytes; 0: its end; -1: none now. Only fills `to`: it may not ask, cancel or free anything. */
    ssize_t (*pull)(void *arg, void *to, size_t room);
    void (*chunk)(void *arg, const char *bytes,
                  size_t len); /* an answer's bytes as they come (status < 300 only); NULL: kept */
    void *arg;                 /* of pull and chunk */
    bool alone;                /* a connection of its own, closed behind the answer */
    int limit_ms;              /* the whole question; 0: none (event streams, builds) */
    int connect_limit_ms;      /* 0: 5000 */
};

struct outbound_answer {
    int status;
    struct buf body; /* set its limit before (BUF_OF); an answer over it ends with ERR_TOO_LARGE; the caller frees it */
};

int outbound_new(struct outbound **out, struct loop *loop, struct err *e) ERR_CHECKED;
/* Cancels what is under way, without calling anybody. Not from inside a `done` or a chunk(). */
void outbound_free(struct outbound **o);

/* Any status is an answer. Errors: ERR_UNREACHABLE (with libcurl's reason), ERR_DEADLINE, ERR_TOO_LARGE. */
struct op *outbound_ask(struct outbound *o, const struct outbound_request *request, struct outbound_answer *out,
                        struct done done);

/* There are bytes again, after pull() has said -1. */
void outbound_more(struct op *question);

#endif
