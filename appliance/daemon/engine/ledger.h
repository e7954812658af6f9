/* The memory of this machine that sessions and builds may have, and who has a claim to how much of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_LEDGER_H
#define ENGINE_LEDGER_H

#include <stdint.h>

#include "base/watch.h"

/*
 * Decisions 19: guarantees of sessions and limits of running builds together are at most the machine's memory without a
 * reserve. Each room says, as a whole, what its claim is, and asks before it makes it larger; what was there before a
 * restart with less memory stays, and nothing more is let in until there is room again.
 */
enum ledger_use {
    LEDGER_SESSIONS, /* guarantees, also of those that have been promised a start */
    LEDGER_BUILDS,   /* limits of those that run; one that waits has no claim */
    LEDGER_USES,
};

struct ledger {
    int64_t total; /* bytes; INT64_MAX: no limit, since the machine does not say what it has */
    int64_t used[LEDGER_USES];
    struct list watchers; /* woken when a claim has become smaller */
};

struct ledger_reserve {
    int64_t bytes; /* kept for the machine itself */
    int percent;   /* of its memory, the same: the larger of the two counts */
};

/* `machine_bytes`: of ledger_machine_bytes(). */
void ledger_init(struct ledger *l, int64_t machine_bytes, const struct ledger_reserve *reserve);

/* What nobody has a claim to; below zero when there is less than what was promised. */
int64_t ledger_left(const struct ledger *l);
/* `bytes`, or what could ever be promised where that is less; but not below `least`, which then is never promised. */
int64_t ledger_within(const struct ledger *l, int64_t bytes, int64_t least);
void ledger_claim(struct ledger *l, enum ledger_use use, int64_t bytes);
void ledger_watch(struct ledger *l, struct watch *w);

/* MemTotal of /proc/meminfo; 0 when it cannot be read. */
int64_t ledger_machine_bytes(void);

#endif
