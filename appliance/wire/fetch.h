/* What ringbinderd and ringbinder-fetch say to each other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WIRE_FETCH_H
#define WIRE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * One connection to fetch.sock is one process and one repository (decisions 2). A frame is 4 bytes of length (big
 * endian, of the payload), 1 byte of kind, at most 64 KiB of payload. Pure, fuzzed; from fetch: hostile.
 *
 *     daemon: RESOLVE         fetch: LINE..., REF, END
 *     daemon: OPEN            fetch: LINE..., PLAN          then, contexts in order, each at most once:
 *     daemon: CONTEXT n       fetch: BYTES..., BYTES of length 0
 *
 * END with a code may come at any time and is the last frame. Closing the connection cancels.
 */
#define WIRE_FETCH_VERSION 1         /* a fetch of another version ends with ERR_FETCH_VERSION, which is retried */
#define WIRE_FETCH_HEAD 5            /* bytes before the payload */
#define WIRE_FETCH_PAYLOAD_MAX 65536 /* bytes */
#define WIRE_FETCH_IMAGES_MAX 2
#define WIRE_FETCH_ADDED_LINES 2
#define WIRE_FETCH_ETAG_MAX 127 /* bytes of an ETag, printable ASCII */

enum wire_fetch_kind {
    WIRE_FETCH_RESOLVE = 1,
    WIRE_FETCH_OPEN,
    WIRE_FETCH_CONTEXT,
    WIRE_FETCH_REF = 16,
    WIRE_FETCH_PLAN,
    WIRE_FETCH_BYTES,
    WIRE_FETCH_LINE,
    WIRE_FETCH_END,
};

/* Bits of `can` in OPEN: what the daemon's settings and its engine allow the plan to use. */
enum wire_fetch_can {
    WIRE_FETCH_CAN_DOCKERFILE = 1 << 0,
    WIRE_FETCH_CAN_LAYERS = 1 << 1,
    WIRE_FETCH_CAN_HEREDOC = 1 << 2, /* the engine's own Dockerfile syntax is 1.4 or newer */
};

struct wire_fetch_message {
    enum wire_fetch_kind kind;
    uint32_t version;                   /* RESOLVE, OPEN */
    struct slice provider, spec, token; /* RESOLVE: raw spec; token for rate-limited hosts, or empty */
    struct slice site, api;             /* RESOLVE: the provider's host (struct provider_host), or empty */
    struct slice etag, known;           /* RESOLVE: of the host's last answer, or empty, and the commit it named */
    struct slice url, commit, ref;      /* OPEN: ref is the unresolved one, for servers that refuse a commit */
    struct slice ca_bundle;             /* OPEN: path of the bundle that builds are handed (decisions 26), or empty */
    struct slice bases, hidden;         /* OPEN: images that a Dockerfile may name, and may not (plan/settings.h) */
    uint32_t can;                       /* OPEN */
    uint64_t size_max;                  /* OPEN: bytes of the repository */
    uint32_t context;                   /* CONTEXT: which, from 0 */
    struct slice resolved;              /* REF: the commit; empty where there is no such ref (contract 2.4) */
    bool asked;                         /* REF: by the host's HTTP interface; `etag` is of its answer, or empty */
    uint32_t lane;                      /* PLAN: enum plan_lane */
    bool online;                        /* PLAN: rendering needs the network (lane repo2docker) */
    uint32_t images;                    /* PLAN: how many, 1 or 2 */
    struct slice dockerfile[WIRE_FETCH_IMAGES_MAX]; /* PLAN: path inside each context */
    struct slice why;                               /* PLAN: which file decided, a sentence */
    struct slice added; /* PLAN: line numbers of the repository's Dockerfile, blanks between, behind each of which
                         * WIRE_FETCH_ADDED_LINES were added in the last context */
    struct slice text;  /* LINE: for the log, no newline; END: why */
    struct slice bytes; /* BYTES */
    enum err_code code; /* END: ERR_NONE after the last context was sent */
};

/* Adds the frame to `out`; false when a text is too long for a frame or `out` is full. */
bool wire_fetch_encode(struct buf *out, const struct wire_fetch_message *m);

/*
 * Takes the first frame of `len` bytes: returns its whole length, 0 when it is not all there yet, -1 with
 * ERR_WIRE_MALFORMED. Slices point into `bytes`; texts hold no NUL and no newline. Fields of other kinds are zero, and
 * so are all but the version in a frame of another version. A code that codes.def does not have is ERR_INTERNAL.
 */
ssize_t wire_fetch_decode(struct wire_fetch_message *out, const char *bytes, size_t len, struct err *e) ERR_CHECKED;

#endif
