/* The log of a build: written once, read by many, each from where it is. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_LOG_H
#define BUILD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/watch.h"

/*
 * A line is an event of the stream, encoded once: {"phase":"building","message":"...\n"} (contract 2.10). The file
 * holds them one a line, a place in it is a byte offset, and offsets only grow: what is not kept becomes a hole, so the
 * offset of a line stays what it was, for the next daemon, too.
 *
 * Bounds (decisions 29): the first BUILD_LOG_HEAD bytes and at least the last BUILD_LOG_TAIL are kept; a reader gets a
 * sentence for what lies between. Who reads along gets news every BUILD_LOG_GATHER_MS; past the head every second, the
 * last BUILD_LOG_LIVE_LINES of it and a sentence for the rest.
 */
struct build_log;
struct loop;

#define BUILD_LOG_HEAD (8 << 20)      /* bytes */
#define BUILD_LOG_TAIL (8 << 20)      /* bytes */
#define BUILD_LOG_SLACK (1 << 20)     /* bytes that the tail may be longer */
#define BUILD_LOG_LINE_MAX (64 << 10) /* bytes of an encoded line: a reader has room for one, at least */
#define BUILD_LOG_READ_MAX (24 << 10) /* bytes that one read gives, unless a single line is longer */
#define BUILD_LOG_GATHER_MS 100
#define BUILD_LOG_LIVE_MS 1000
#define BUILD_LOG_LIVE_LINES 20

struct build_log *build_log_hold(struct build_log *log);
/* The last one who holds it closes and removes the file, unless it was put away. */
void build_log_release(struct build_log **log);

/* A reader's place. Zero is the beginning; {.at = n} goes on behind the line whose place was n. */
struct build_log_cursor {
    uint64_t at;
    uint64_t caught_up; /* past the head: up to here everything is read, behind it as one who reads along */
};

/*
 * Adds lines that follow each other, or one sentence of ours, to the empty `out` and moves the cursor behind them;
 * false: nothing new. The place of the last line is then cursor->at, that of one before it is as many bytes less as
 * follow it.
 */
bool build_log_read(struct build_log *log, struct build_log_cursor *cursor, struct buf *out);
/* No line will come any more; what has been written may still be unread. */
bool build_log_ended(const struct build_log *log);
void build_log_watch(struct build_log *log, struct watch *w);
/* Whether anybody watches it now. */
bool build_log_watched(const struct build_log *log);

/* The writer's side: the build alone. */

/* Opens or makes the file; one that is there is gone on with. Errors: ERR_SYSTEM. */
int build_log_open(struct build_log **out, struct loop *loop, const char *path, struct err *e) ERR_CHECKED;
/* One line without its newline, UTF-8 or not. `phase`: "waiting", "fetching" or "building". A full disk, or a file
 * system that makes no holes, ends the log with a line in the journal, not the build. */
void build_log_line(struct build_log *log, const char *phase, const char *text, size_t len);
void build_log_end(struct build_log *log);
/* The daemon stops, the build does not: the file stays for the next daemon. */
void build_log_put_away(struct build_log *log);

#endif
