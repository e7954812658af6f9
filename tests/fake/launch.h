/* Stands in for launch/: one feed, which the test writes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_LAUNCH_H
#define FAKE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

/* What the last launch_start() was asked, and the last reader's address; "(none)" for NULL. */
extern char fake_launch_asked[512], fake_launch_address[64];
extern int fake_launch_readers;         /* open now */
extern size_t fake_launch_bytes_handed; /* to all readers */

/* A new, empty feed. */
void fake_launch_reset(void);
/* Adds an event, framed, and wakes the readers. */
void fake_launch_say(const char *event);
/* `count` events that are each `len` bytes long, made up as they are read. */
void fake_launch_say_many(size_t count, size_t len);
void fake_launch_end(void);

#endif
