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
 * reads it any more until its session answers. One that has ended and has no reader is forgotten. At most
 * LAUNCHES_MAX are under way: the next one fails at once with a sentence.
 */
#define LAUNCHES_MAX 1024

struct launch;
struct launches;
struct loop;
struct store;
struct builds;
struct provider_host;
struct sessions;

/* What the room stands on; all of it outlives the room. */
struct launch_parts {
    struct loop *loop;
    struct store *store;
    struct builds *builds;
    struct sessions *sessions;
};

struct launch_settings {
    const char *image_prefix;          /* "ringbinder/i-" */
    const char *hub_url;               /* with its trailing '/' */
    const char *badge_base_url;        /* binder_launch_host; NULL: the request's own host */
    const struct provider_host *hosts; /* of the providers; NULL: none is set */
    int ref_retry_wait_ms;             /* contract 2.4: 10000 */
    int attempts, attempt_delay_ms;    /* contract 2.11: 4, 4000 and doubling */
    int linger_ms;                     /* contract 2.3(b): 60000 */
    int starts_at_a_time;              /* sessions that start; the rest waits in order */
};

struct launch_request {
    const char *provider, *spec; /* as they stand in the path: raw, not decoded */
    const char *accept;          /* header, NULL: none */
    const char *origin;          /* "http://127.0.0.1:8585": scheme and Host of the request */
};

/* Flows of launches that the last daemon left behind go on from their step. Settings are copied. */
int launches_new(struct launches **out, const struct launch_parts *parts, const struct launch_settings *settings,
                 struct err *e) ERR_CHECKED;
/* After the readers. What is under way is left to the next daemon, as its row says. */
void launches_free(struct launches **all);

/* Always gives a launch, good until its first reader is freed or the loop turns; one that fails its first check has
 * one `failed` event and has ended. */
struct launch *launch_start(struct launches *all, const struct launch_request *request);

/* A reader of the feed: its own place in it. Owned by the stream; keeps its launch. `address` is the client's: it goes
 * back to it in `ready` (contract 2.9) and is borrowed from the connection, never copied; NULL: it is left out. */
struct launch_reader;
struct launch_reader *launch_reader_new(struct launch *l, const char *address, void (*wake)(void *arg), void *arg);
void launch_reader_free(struct launch_reader **r);

enum launch_read { LAUNCH_READ_MORE, LAUNCH_READ_WAIT, LAUNCH_READ_END };

#define LAUNCH_READ_ROOM 131072 /* bytes: an empty `out` of this limit holds every event */

/*
 * Adds framed events ("data: {...}\n\n", contract 2.1) to `out`, as many as fit. MORE: something was added; empty it
 * and ask again; WAIT: wake() will be called; END: the stream is to be closed behind what is in `out` (the linger is in
 * WAIT).
 */
enum launch_read launch_reader_read(struct launch_reader *r, struct buf *out);

#endif
