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
 * holds them one a line; a cursor is a byte offset. Bound: BUILD_LOG_MAX bytes, then one sentence, and what comes
 * after it is not kept.
 */
struct build_log;

#define BUILD_LOG_MAX (16 << 20)      /* bytes of the file */
#define BUILD_LOG_LINE_MAX (64 << 10) /* bytes of an encoded line: a reader has room for one, at least */

struct build_log *build_log_hold(struct build_log *log);
/* The last one who holds it closes and removes the file, unless it was put away. */
void build_log_release(struct build_log **log);

/* Adds whole encoded lines from *cursor on to `out`, as many as fit, and moves *cursor; false: nothing new. A cursor
 * within a line goes on at the next. */
bool build_log_read(struct build_log *log, uint64_t *cursor, struct buf *out);
/* No line will come any more; what has been written may still be unread. */
bool build_log_ended(const struct build_log *log);
void build_log_watch(struct build_log *log, struct watch *w);
/* Whether anybody watches it now. */
bool build_log_watched(const struct build_log *log);

/* The writer's side: the build alone. */

/* Opens or makes the file; one that is there is gone on with. Errors: ERR_SYSTEM. */
int build_log_open(struct build_log **out, const char *path, struct err *e) ERR_CHECKED;
/* One line without its newline, UTF-8 or not, and wakes the watchers. `phase`: "waiting", "fetching" or "building". A full disk
 * ends the log with a line in the journal, not the build. */
void build_log_line(struct build_log *log, const char *phase, const char *text, size_t len);
void build_log_end(struct build_log *log);
/* The daemon stops, the build does not: the file stays for the next daemon. */
void build_log_put_away(struct build_log *log);

#endif
