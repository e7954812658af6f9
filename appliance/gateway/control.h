/* The gateway's end of control.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_CONTROL_H
#define GATEWAY_CONTROL_H

#include "gateway/poll.h"
#include "wire/wire.h"

struct gateway;
struct route;

/* The connection to the daemon. While there is none it is tried every 200 ms, later every second; routes and settings
 * stay as they were. */
struct control {
    struct poll_source source;
    struct gateway *gateway;
    const char *path;
    bool greeted;      /* the daemon's HELLO has come */
    uint32_t version;  /* what is spoken with it */
    int64_t retry_ms;  /* until the next try */
    int64_t retry_at;  /* 0: connected */
    int64_t said_at;   /* when the journal last heard that it says something wrong; 0: never */
    int64_t report_at; /* when activity may be reported again */
};

/* `path` outlives it. */
void control_start(struct control *c, struct gateway *g, const char *path);

/* What is due: connecting, reporting activity. Called at every tick. */
void control_tick(struct control *c);

/* Asks for a tick when there will be activity to report. */
void control_note_activity(struct control *c);

/* A hint about a route; lost while the daemon is away or its queue is full, which does no harm. */
void control_hint(struct control *c, enum wire_kind kind, struct route *route);

#endif
