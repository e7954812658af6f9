/* The feed of a launch: its events, and where the build's log is read between them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_FEED_H
#define LAUNCH_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/watch.h"
#include "build/log.h"

/*
 * A list of encoded events, kept once for all readers. A build's log stands in it as one item: readers take its lines
 * from build/log.h by their own place, and no line is copied for a launch. An event that finds the feed full is not
 * taken, and the one with which a launch ends has a place kept for it.
 *
 * Every event has a number (decisions 31); they grow and have gaps. It is made of the launch's step and of the place in
 * that step, or in the log, and so is the same in the next daemon, which begins with an empty feed and runs the step
 * of the row again: what a reader has had of that step is not told twice, and the last event is behind all others.
 */
#define FEED_MAX 64
#define FEED_STEP 100000000000000ull  /* 10^14: numbers of a step; more than a log has bytes */
#define FEED_LAST 9000000000000000ull /* the last event's; below 2^53, so that JavaScript can count so far */

struct feed_item {
    char *event;           /* owned; NULL: the log's place */
    bool open;             /* text_ready_end() is added for each reader */
    struct build_log *log; /* held; NULL beside `event`, and once feed_drop_logs() has let it go */
    uint64_t number;       /* of the event; a line's is this and its place in the log */
};

struct feed {
    char id[ID_TEXT]; /* 128 random bits: who has an event's id gets the session */
    struct feed_item items[FEED_MAX];
    size_t count;
    uint64_t number;      /* the last one given */
    struct list watchers; /* base/watch.h */
};

void feed_init(struct feed *f);
void feed_free(struct feed *f);

/* What follows is of step `n`, from 1 on. A log takes step n + 1 for itself. */
void feed_step(struct feed *f, unsigned n);
/* Takes `event` (JSON on one line). */
void feed_add(struct feed *f, char *event);
/* The last one: the place that is kept is for it. `open`: of text_ready(), each reader's own end follows. */
void feed_add_last(struct feed *f, char *event, bool open);
void feed_add_log(struct feed *f, struct build_log *log);
/* Lets its logs go: their lines are no longer there for a reader who comes. Not while there are readers. */
void feed_drop_logs(struct feed *f);

/* Where a reader is: the number of the last event that it has had; zero is the beginning. */
struct feed_cursor {
    uint64_t number;
    uint64_t caught_up; /* build_log_cursor's */
};

/* Adds framed events behind *cursor to `out`, as many as fit; true: there are more, ask again with an empty `out` of
 * the limit LAUNCH_READ_ROOM. `address`: the reader's client, for text_ready_end(). */
bool feed_read(const struct feed *f, struct feed_cursor *cursor, const char *address, struct buf *out);

/* The log that the reader stands at; NULL: none. */
struct build_log *feed_log_at(const struct feed *f, const struct feed_cursor *cursor);

#endif
