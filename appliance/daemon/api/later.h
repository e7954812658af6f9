/* An answer whose JSON is there once something else has been asked: the loop goes on meanwhile. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_LATER_H
#define API_LATER_H

#include "api/reply.h"
#include "base/buf.h"
#include "loop/op.h"

#define LATER_BYTES_MAX (4 << 20)

/* The first member of what a resource needs for its answer. */
struct later {
    void (*write)(struct later *l, const struct err *e, struct buf *json); /* once: `e` is what `asked` ended with */
    void (*end)(struct later *l);                                          /* frees it; the answer is over */
    /* later.c's own: */
    struct op *asked;
    struct server *server;
    struct server_pause pause;
    struct buf json;
    size_t sent;
    bool there;
};

/* Where the result of what is asked is told: {later_done(), l}. The op is l->asked, set before later_reply(). */
void later_done(void *l, const struct err *e);

/* Answers with status 200, since the head is sent before the result is known: an error is told inside the JSON. The op
 * has to end by itself. A client that leaves cancels it at the latest when its answer is there. */
enum MHD_Result later_reply(struct api *a, struct request *r, struct later *l);

#endif
