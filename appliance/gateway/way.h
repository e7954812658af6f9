/* One direction of a relay: a message's body, or a tunnel's bytes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_WAY_H
#define GATEWAY_WAY_H

#include "gateway/stream.h"
#include "http/framing.h"
#include "http/wsframe.h"

/*
 * Bytes are read into `from`, looked at there and written from there: nothing is copied and nothing is read as long as
 * something is still to be written, which is all the backpressure there is.
 */
struct way {
    struct http_framing framing;
    uint32_t ready;              /* bytes at the front of from->in that belong to the message */
    uint64_t total;              /* bytes that have been handed on */
    bool over;                   /* tunnels: the end has been handed on */
    bool moved;                  /* bytes have come since the caller cleared it */
    bool spoke;                  /* and a data frame among them */
    struct http_wsframe *frames; /* NULL: not looked for */
};

enum way_result {
    WAY_WAITS,     /* for either end */
    WAY_AGAIN,     /* there is more, others come first */
    WAY_DONE,      /* the message is over and written */
    WAY_ENDED,     /* `from` has ended, and what it said is written */
    WAY_MALFORMED, /* *e says what */
    WAY_NO_SOURCE, /* `from` failed */
    WAY_NO_SINK,   /* `to` failed */
};

enum way_result way_pump(struct way *w, struct stream *from, struct stream *to, struct err *e);

#endif
