/* The one thread: timers, descriptors, signals. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdint.h>

#include "base/err.h"

/*
 * loop.c alone includes sd-event. Everything runs on the one thread that calls loop_run(); nothing here blocks.
 * Callbacks may add and remove anything, themselves included. Destructors set the pointer to NULL and bear NULL.
 * Tests link tests/fake/loop.c, where time is virtual: an idle hour takes a millisecond.
 */
struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;

int loop_new(struct loop **out, struct err *e) ERR_CHECKED;
/* After all that was added has been removed. */
void loop_free(struct loop **loop);
/* Until loop_stop(), called from inside; may be run again. Errors: ERR_SYSTEM. */
int loop_run(struct loop *loop, struct err *e) ERR_CHECKED;
void loop_stop(struct loop *loop);

/* Milliseconds, monotonic; the time of the current turn. */
int64_t loop_now(const struct loop *loop);

/* Calls once, `delay_ms` from now (0: in the next turn), and frees the timer before it calls. */
struct loop_timer *loop_timer_new(struct loop *loop, int64_t delay_ms, void (*call)(void *arg), void *arg);
void loop_timer_cancel(struct loop_timer **timer);

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 }; /* hangups are always told */

/* Level-triggered. The descriptor stays the caller's; it is removed here before it is closed. */
struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, void (*ready)(void *arg, unsigned events),
                            void *arg);
void loop_fd_want(struct loop_fd *watched, unsigned events);
void loop_fd_remove(struct loop_fd **watched);

/* The signal is blocked for the process and told here. */
struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*call)(void *arg), void *arg);
void loop_signal_remove(struct loop_signal **watched);

#endif
