/* Launches: one visitor's wish each, from the click to `ready`. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/watch.h"

/*
 * From launch_start() on every failure is an event in the launch's feed (contract 2). A launch goes on when nobody
 * reads it any more until its session answers; the feed of one that has ended is kept for `keep_ms`.
 */
struct launch;
struct launches;
struct loop;
struct store;
struct builds;
struct sessions;

/* What the room stands on; all of it outlives the room. */
struct launch_parts {
    struct loop *loop;
    struct store *store;
    struct builds *builds;
    struct sessions *sessions;
};

struct launch_settings {
    const char *image_prefix;       /* "ringbinder/i-" */
    const char *hub_url;            /* with its trailing '/' */
    const char *badge_base_url;     /* binder_launch_host; NULL: the request's own host */
    int attempts, attempt_delay_ms; /* contract 2.11: 4, 4000 and doubling */
    int linger_ms;                  /* contract 2.3(b): 60000 */
    int keep_ms;                    /* decisions 31: 600000 */
};

struct launch_request {
    const char *provider, *spec; /* as they stand in the path: raw, not decoded */
    const char *accept;          /* header, NULL: none */
    const char *origin;          /* "http://127.0.0.1:8585": scheme and Host of the request */
    const char *address;         /* the client's; borrowed for the checks, never kept */
};

int launches_new(struct launches **out, const struct launch_parts *parts, const struct launch_settings *settings,
                 struct err *e) ERR_CHECKED;
void launches_free(struct launches **all);

/* Always gives a launch; one that fails its first check has one `failed` event and has ended. */
struct launch *launch_start(struct launches *all, const struct launch_request *request);

/* The launch's row, as the event ids' front (decisions 31): 32 hex digits. */
const char *launch_key(const struct launch *l);
/* NULL when there is none of that key, or it is no longer kept. */
struct launch *launch_find(struct launches *all, const char *key);

/* A reader of the feed: its own place in it. Owned by the stream; the launch may end and be forgotten meanwhile. */
struct launch_reader;
struct launch_reader *launch_reader_new(struct launch *l, void (*wake)(void *arg), void *arg);
void launch_reader_free(struct launch_reader **r);

enum launch_read { LAUNCH_READ_MORE, LAUNCH_READ_WAIT, LAUNCH_READ_END };

/*
 * Adds framed events ("data: {...}\n\n", `id:` lines, contract 2.1) to `out`, as many as fit. MORE: ask again when
 * there is room; WAIT: wake() will be called; END: the stream is to be closed now (the linger is in WAIT).
 */
enum launch_read launch_reader_read(struct launch_reader *r, struct buf *out);

#endif
