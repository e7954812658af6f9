/* The gateway's one thread: what has become readable or writable, and what has waited long enough. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_POLL_H
#define GATEWAY_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

#define POLL_SLOTS 1024   /* of the wheel of timers */
#define POLL_SLOT_MS 1000 /* so a timer runs up to a second late */

/* A descriptor with what to do when it is ready; lies in the struct that owns it. */
struct poll_source {
    int fd; /* -1: none, and nothing is called any more */
    void (*ready)(struct poll_source *s, uint32_t events);
};

/*
 * A time after which to look again. Setting it later costs one store: the wheel finds out when its turn comes. Zero is
 * a timer that is not set.
 */
struct poll_timer {
    struct list node;
    int64_t due; /* of poll.now; 0: not set */
    int64_t slot;
    void (*expired)(struct poll_timer *t);
};

/* What comes back at the next turn: a stream with more to do than one turn should take. */
struct poll_again {
    struct list node;
    void (*run)(struct poll_again *a);
};

struct poll {
    int epoll;
    int64_t now; /* milliseconds, of this turn */
    int64_t slot;
    struct list slots[POLL_SLOTS];
    uint64_t busy[POLL_SLOTS / 64];
    struct list again;
    struct list dead;        /* poll_free() */
    int64_t tick_due;        /* 0: none; shorter times than the wheel's */
    void (*tick)(void *arg); /* sets tick_due anew if it wants to be called again */
    void *tick_arg;
    bool stopped;
};

int poll_open(struct poll *p, struct err *e) ERR_CHECKED;

/* `edge`: once for all, told about changes only; else as long as there is something to read. */
int poll_watch(struct poll *p, struct poll_source *s, bool edge, struct err *e) ERR_CHECKED;
/* Of a source that is not `edge`: stop and start being told. */
void poll_pause(struct poll *p, struct poll_source *s, bool paused);

/* Closes s->fd, which ends its being watched. */
void poll_close(struct poll_source *s);

void poll_timer_set(struct poll *p, struct poll_timer *t, int64_t in_ms);
void poll_timer_stop(struct poll_timer *t);

void poll_again(struct poll *p, struct poll_again *a);

/* Calls tick in `in_ms` or earlier. */
void poll_tick_in(struct poll *p, int64_t in_ms);

/* Frees `memory`, of which `node` is part, at the turn's end: events that are already here may point to it. */
struct poll_grave {
    struct list node;
    void *memory;
};
void poll_bury(struct poll *p, struct poll_grave *g, void *memory);

/* Turns until p->stopped. */
int poll_run(struct poll *p, struct err *e) ERR_CHECKED;

#endif
