/* Who a fetch works for: the daemon at the other end of a socket, or a person at a terminal. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_CONN_H
#define FETCH_CONN_H

#include <poll.h>

#include "wire/fetch.h"

#define CONN_LINE_MAX 2048 /* bytes of a line of the log; longer ones are cut */
#define CONN_POLLS 2       /* descriptors that a wait watches beside its own */

struct conn {
    int socket;         /* borrowed; -1: lines go to stderr, nobody else is told anything (`explain`) */
    int signals;        /* SIGINT, SIGTERM and SIGHUP are read here, so that every wait sees them */
    struct buf in, out; /* what was received; the frame that is being sent */
    size_t read;        /* bytes of `in` that are the frame handed out last */
};

/* Blocks the signals that end us. -1: ERR_SYSTEM, ERR_WIRE_MALFORMED where `socket` is none. */
int conn_open(struct conn *c, int socket, struct err *e) ERR_CHECKED;
void conn_close(struct conn *c);

/*
 * Waits for the daemon's next frame, for as long as the connection lasts: between two of them lies the building of an
 * image, and the daemon's own limit of a build closes the connection. *m borrows until the next call. Errors:
 * ERR_WIRE_MALFORMED, ERR_FETCH_CANCELLED.
 */
int conn_next(struct conn *c, struct wire_fetch_message *m, struct err *e) ERR_CHECKED;

/* Waits until the daemon has taken the frame. Errors: ERR_FETCH_CANCELLED. */
int conn_send(struct conn *c, const struct wire_fetch_message *m, struct err *e) ERR_CHECKED;

/* A line for the log; control characters become '?'. Whether it arrived is seen by the next call that has an error. */
void conn_line(struct conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For a wait of one's own: polls[] to watch, and whether what they saw ends the work: ERR_FETCH_CANCELLED. */
void conn_watch(const struct conn *c, struct pollfd polls[CONN_POLLS]);
int conn_heard(const struct pollfd polls[CONN_POLLS], struct err *e) ERR_CHECKED;

/* Whether the work is still wanted, without waiting: ERR_FETCH_CANCELLED. */
int conn_wanted(const struct conn *c, struct err *e) ERR_CHECKED;

#endif
