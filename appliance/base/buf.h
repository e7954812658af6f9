/* A byte buffer that grows up to a stated bound. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/*
 * A buffer never holds more than `limit` bytes. What does not fit is not taken, the buffer is marked `full` and stays
 * so until it is cleared: a writer may add many pieces and look once, at the end. The bytes are followed by a NUL that
 * is not counted, so buf_text() is a string when no byte in it is NUL.
 */
struct buf {
    char *bytes; /* owned */
    size_t len, room, limit;
    bool full;
};

/* An empty buffer without memory. */
#define BUF_OF(max) ((struct buf){.limit = (max)})

void buf_free(struct buf *b);
#define cleanup_buf CLEANUP(buf_free)

/* Empties it and keeps its memory. */
void buf_clear(struct buf *b);

/* All or nothing; false when it does not fit. */
bool buf_add(struct buf *b, const void *bytes, size_t len);
bool buf_add_text(struct buf *b, const char *text);
bool buf_add_char(struct buf *b, char c);
bool buf_add_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `len` more bytes, not yet counted: read into what is returned, then buf_added(). NULL when over the limit.
 */
char *buf_reserve(struct buf *b, size_t len);
void buf_added(struct buf *b, size_t len);

/* Drops the first `len` bytes; the rest moves to the front. */
void buf_drop(struct buf *b, size_t len);

/* The bytes as a string; "" for an empty buffer. Borrowed until the next change. */
const char *buf_text(const struct buf *b);

/* Hands the bytes to the caller, who frees them; the buffer is empty afterwards. Never NULL. */
char *buf_steal(struct buf *b);

#endif
