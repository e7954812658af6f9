/* How long the state remembers what is over. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_HISTORY_H
#define DAEMON_HISTORY_H

#include <stdint.h>

struct history;
struct loop;
struct store;

/* Every hour, what has been over for keep_ms is deleted (store/forget.h), HISTORY_AT_ONCE of a kind at a time, so that
 * nothing else waits for it. Loop and store outlive it. */
#define HISTORY_EVERY_MS 3600000
#define HISTORY_AT_ONCE 200
#define HISTORY_NEXT_MS 100

struct history *history_new(struct loop *loop, struct store *store, int64_t keep_ms);
void history_free(struct history **h);

#endif
