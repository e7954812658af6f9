/* The log of a build: written once, read by many, each from where it is. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_LOG_H
#define BUILD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/watch.h"

/*
 * A line is an event of the stream, encoded once: {"phase":"building","message":"...\n"} (contract 2.10). The file
 * holds them one a line; a cursor is a byte offset. Bounds: decisions 29 (the first and the last 8 MiB).
 */
struct build_log;

struct build_log *build_log_hold(struct build_log *log);
void build_log_release(struct build_log **log);

/* Adds whole encoded lines from *cursor on to `out`, as many as fit, and moves *cursor; false: nothing new. */
bool build_log_read(struct build_log *log, uint64_t *cursor, struct buf *out);
/* No line will come any more; what has been written may still be unread. */
bool build_log_ended(const struct build_log *log);
void build_log_watch(struct build_log *log, struct watch *w);

#endif
