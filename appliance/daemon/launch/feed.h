/* The feed of a launch: its events, and where the build's log is read between them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_FEED_H
#define LAUNCH_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/watch.h"

struct build_log;

/*
 * A list of encoded events, kept once for all readers. A build's log stands in it as one item: readers take its lines
 * from build/log.h by their own cursor, and no line is copied for a launch. An event that finds the feed full is not
 * taken, and the one with which a launch ends has a place kept for it.
 */
#define FEED_MAX 64

struct feed_item {
    char *event;           /* owned; NULL: the log's place */
    bool open;             /* text_ready_end() is added for each reader */
    struct build_log *log; /* held */
};

struct feed {
    struct feed_item items[FEED_MAX];
    size_t count;
    struct list watchers; /* base/watch.h */
};

void feed_init(struct feed *f);
void feed_free(struct feed *f);

/* Takes `event` (JSON on one line). */
void feed_add(struct feed *f, char *event);
/* The last one: the place that is kept is for it. `open`: of text_ready(), each reader's own end follows. */
void feed_add_last(struct feed *f, char *event, bool open);
void feed_add_log(struct feed *f, struct build_log *log);

/* Where a reader is; zero is the beginning. */
struct feed_cursor {
    size_t at;
    uint64_t log_at;
};

/* Adds framed events from *cursor on to `out`, as many as fit; true: there are more, ask again with an empty `out` of
 * the limit LAUNCH_READ_ROOM. `address`: the reader's client, for text_ready_end(). */
bool feed_read(const struct feed *f, struct feed_cursor *cursor, const char *address, struct buf *out);

/* The log that the reader stands at; NULL: none. */
struct build_log *feed_log_at(const struct feed *f, const struct feed_cursor *cursor);

#endif
