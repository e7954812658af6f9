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
 * reads it any more until its session answers; but one that nobody has read for LAUNCH_UNREAD_MS when its session would
 * begin has failed instead (the build that it wanted is there for the next). At most LAUNCHES_MAX are under way: the
 * next one fails at once with a sentence.
 *
 * One that has ended is kept for keep_ms for who lost his connection (decisions 31); of those without a reader the last
 * LAUNCHES_KEPT, and the last LAUNCH_LOGS_KEPT with their logs. What is not in memory is found by its row for as long,
 * which tells its end, and each takes 13 KB: so few are kept.
 */
#define LAUNCHES_MAX 1024
#define LAUNCHES_KEPT 128
#define LAUNCH_LOGS_KEPT 32

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
    int keep_ms;                       /* decisions 31: 600000 */
    int starts_at_a_time;              /* sessions that start; the rest waits in order */
};

struct launch_request {
    const char *provider, *spec; /* as they stand in the path: raw, not decoded */
    const char *accept;          /* header, NULL: none */
    const char *origin;          /* "http://127.0.0.1:8585": scheme and Host of the request */
    const char *last_event_id;   /* header, NULL: none */
};

/* Flows of launches that the last daemon left behind go on from their step. Settings are copied. */
int launches_new(struct launches **out, const struct launch_parts *parts, const struct launch_settings *settings,
                 struct err *e) ERR_CHECKED;
/* After the readers. What is under way is left to the next daemon, as its row says. */
void launches_free(struct launches **all);

/* A launch, and how much of it has been read: good until its first reader is freed or the loop turns. */
struct launch_place {
    struct launch *launch; /* NULL: there is nothing more to read */
    uint64_t after;        /* the number of the last event that was read; 0: none */
};

/* Always gives a launch; one that fails its first check has one `failed` event and has ended. */
struct launch *launch_start(struct launches *all, const struct launch_request *request);
/*
 * Where a client goes on that comes back with the id of the last event that it has had. True: it is of a launch of the
 * same spec, or the launch's last one. False: it asks for a new launch. After a restart of the daemon the launch's
 * step runs again, and the client gets what it has not had; of a log that was cut, its lines go on where it was.
 */
bool launch_find(struct launches *all, const struct launch_request *request, struct launch_place *out);

/* A reader of the feed: its own place in it. Owned by the stream; keeps its launch. `address` is the client's: it goes
 * back to it in `ready` (contract 2.9) and is borrowed from the connection, never copied; NULL: it is left out. */
struct launch_reader;
struct launch_reader *launch_reader_new(const struct launch_place *from, const char *address, void (*wake)(void *arg),
                                        void *arg);
void launch_reader_free(struct launch_reader **r);

enum launch_read { LAUNCH_READ_MORE, LAUNCH_READ_WAIT, LAUNCH_READ_END };

/* As long as somebody who lost his connection takes to be back. */
#define LAUNCH_UNREAD_MS 30000
#define LAUNCH_READ_ROOM 131072 /* bytes: an empty `out` of this limit holds every event */

/*
 * Adds framed events ("id: ...\ndata: {...}\n\n", contract 2.1, decisions 31) to `out`, as many as fit. MORE: something
 * was added; empty it and ask again; WAIT: wake() will be called; END: the stream is to be closed behind what is in
 * `out` (the linger is in WAIT).
 */
enum launch_read launch_reader_read(struct launch_reader *r, struct buf *out);

#endif
