/* What the files of this room share: the engine's own state. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/ask.h"
#include "engine/engine.h"
#include "loop/flow.h"

#define ENGINE_VERSION_MAX 16 /* "v1.41" and a NUL */
#define ENGINE_INSTANCE_MAX 9 /* 8 hex digits and a NUL */

#define ENGINE_LABEL_INSTANCE "io.ringbinder.instance"
#define ENGINE_LABEL_SESSION "io.ringbinder.session"

struct known_container;
struct steplimit;

struct engine {
    struct loop *loop;
    struct outbound *outbound;
    char *socket;
    char instance[ENGINE_INSTANCE_MAX];
    int ask_again_ms, events_ms;
    char version[ENGINE_VERSION_MAX]; /* of its API, negotiated; "" while it is away */
    bool has_init;                    /* it can put a reaper in front of a container's command */
    unsigned can;
    struct err why; /* why it cannot be used; ERR_NONE: it can */
    struct list watchers;
    struct op *connecting;
    struct op *events; /* the stream of events */
    struct op *ping;   /* is it still there? */
    struct engine_answer pong;
    struct loop_timer *timer; /* to the next connecting or the next ping */
    struct known_container *known;
    char *cgroup_parent;         /* NULL: the driver's own */
    struct steplimit *steplimit; /* NULL: steps of builds cannot be limited */
    char *data_root;             /* the engine's; "" until it has been asked */
};

/* A question found nobody: look now, not at the next turn, whether the engine is still there. */
void engine_doubt(struct engine *en);
/* It is away: says so, and connects again later. */
void engine_lost(struct engine *en, const struct err *why);

/* Streams the events of our containers and wakes the watchers with each. Ends only with an error: ERR_DEADLINE
 * after events_ms. */
struct op *engine_events(struct engine *en, struct done done);

#endif
