/* One connection's socket with its two buffers, read and written as far as it goes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_STREAM_H
#define GATEWAY_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"
#include "gateway/poll.h"

/*
 * The seam under which TLS comes: nothing above this file reads or writes a socket. Registered once, edge-triggered:
 * `can_read` and `can_write` stay true until the kernel said that there is no more, so a request costs one system call
 * for each piece that is read or written and none to arm anything.
 */
#define ROOM_BYTES 32768 /* of a buffer: a head with what we add fits (wire/settings.def), and so does a cache */

/* A buffer, there only while it has bytes; empty ones are kept for the next who needs one. */
struct room {
    uint32_t start, end; /* of the bytes in it */
    struct room *next;   /* of the free ones */
    char bytes[ROOM_BYTES];
};

struct stream {
    struct poll_source source;
    struct poll_timer timer;
    struct room *in, *out; /* read and not used; to be written. NULL: none */
    uint32_t scanned;      /* of `in`: bytes in which no head ends */
    bool can_read, can_write;
    bool hung_up;  /* the other end has said its last: read on until the end is seen */
    bool ended;    /* it was seen */
    bool failed;   /* reset, or closed both ways: nothing can be written any more */
    bool keep_out; /* what was written stays in `out`, to be said again */
};

enum stream_read { STREAM_BYTES, STREAM_NOTHING, STREAM_ENDED, STREAM_FAILED };

void stream_start(struct stream *s, int fd);
/* Notes what epoll said. */
void stream_note(struct stream *s, uint32_t events);

/* Reads once into the free part of `in`. STREAM_NOTHING also when `in` is full. */
enum stream_read stream_read(struct stream *s);
/* Whether the kernel has nothing of the other end's, neither bytes nor its end; one system call, for where an event may
 * not have been seen yet. */
bool stream_is_silent(const struct stream *s);
/* The bytes that were read and not used. */
struct slice stream_got(const struct stream *s);
/* They are used; an empty buffer is given back. */
void stream_used(struct stream *s, size_t len);

/* Bytes of `out` that are still to be written. */
size_t stream_pending(const struct stream *s);
/* Where to add bytes that are to be written: behind those that are pending. */
struct room *stream_out(struct stream *s);
/* Writes what is pending and then `more`; returns how much of `more` was taken, -1 when the stream failed. */
ssize_t stream_write(struct stream *s, const char *more, size_t len);
/* Gives `out` back, what it holds is not written. */
void stream_drop_out(struct stream *s);

/* The other end reads the end once it has read all. */
void stream_shut(struct stream *s);
/* What the kernel still has for the other end is dropped when it is closed: a reset, not an end. */
void stream_reset(struct stream *s);
/* Closes and gives back all. */
void stream_close(struct stream *s);

/* Owned by the caller; has no bytes. */
struct room *room_new(void);
/* Gives it back and sets it to NULL. */
void room_free(struct room **r);
/* Adds bytes; false when they do not fit, nothing added. */
bool room_add(struct room *r, const char *bytes, size_t len);
bool room_add_text(struct room *r, const char *text);

#endif
