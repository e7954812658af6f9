/* A fetch.sock whose other end says what the test wants, well-behaved or not. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_FETCH_H
#define FAKE_FETCH_H

#include "base/buf.h"
#include "base/list.h"
#include "wire/fetch.h"

struct loop;
struct loop_fd;
struct fake_fetch;

/* One connection to it. */
struct fake_fetch_peer {
    struct list node;
    struct fake_fetch *fetch;
    int fd;
    struct loop_fd *watched;
    struct buf in, out;
    size_t sent; /* bytes that the other side's socket took */
    bool closing;
    int number; /* of the connection, from 1 */
};

struct fake_fetch {
    struct loop *loop;
    int listener;
    struct loop_fd *watched;
    char path[108];
    int connections, open;
    struct list peers;
    /* Answers a question with the functions below. */
    void (*question)(struct fake_fetch_peer *p, const struct wire_fetch_message *m);
};
extern struct fake_fetch fake_fetch;

/* Listens at `path`. */
void fake_fetch_start(struct loop *loop, const char *path);
void fake_fetch_stop(void);
/* The connection that was made last; NULL: none is open. */
struct fake_fetch_peer *fake_fetch_last(void);

void fake_fetch_say(struct fake_fetch_peer *p, const struct wire_fetch_message *m);
void fake_fetch_raw(struct fake_fetch_peer *p, const void *bytes, size_t len);
/* When all has been sent. */
void fake_fetch_close(struct fake_fetch_peer *p);

/* The frames of a good one. */
void fake_fetch_line(struct fake_fetch_peer *p, const char *text);
void fake_fetch_ref(struct fake_fetch_peer *p, const char *ref);
void fake_fetch_end(struct fake_fetch_peer *p, enum err_code code, const char *text);
void fake_fetch_plan(struct fake_fetch_peer *p, uint32_t lane, uint32_t images, const char *dockerfile);
void fake_fetch_bytes(struct fake_fetch_peer *p, const char *bytes, size_t len);

#endif
