/* Places for sessions that start: as many at a time as the machine takes, the rest in order. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_SLOTS_H
#define LAUNCH_SLOTS_H

#include "base/list.h"
#include "loop/op.h"

struct loop;

struct slots {
    struct loop *loop;
    int limit, taken;
    struct list waiting;
};

void slots_init(struct slots *s, struct loop *loop, int limit);

/* Whoever waits is told his place in the line, from 1: at once, and again when it has halved or is one of the first
 * SLOTS_EACH. A line of a thousand is told of in some fifteen sentences, not in a thousand. */
#define SLOTS_EACH 5
struct slots_place {
    void (*tell)(void *arg, int place); /* must not wait, give or cancel */
    void *arg;
};

/* Done when a slot is the caller's, who gives it back with slots_give(). Cancelling takes it out of the line, or gives
 * the slot back. No errors. */
struct op *slots_wait(struct slots *s, const struct slots_place *place, struct done done);
/* Takes one at once, over the limit if need be: for what starts already. */
void slots_take(struct slots *s);
void slots_give(struct slots *s);

#endif
