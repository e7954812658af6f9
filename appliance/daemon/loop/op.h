/* Something under way: the one shape of every asynchronous function. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_OP_H
#define LOOP_OP_H

#include "base/err.h"

/*
 * Something under way. Every asynchronous function of the house has the shape
 *     struct op *room_noun_verb(object, specification, out, struct done done)
 * and keeps these promises: it returns at once and never NULL; it copies the specification; it writes *out and then
 * calls `done` once, from the loop, never from inside the call; after op_cancel() it does neither.
 */
struct op {
    void (*cancel)(struct op *op); /* stops it and frees it */
};

struct done {
    void (*call)(void *arg, const struct err *e); /* e: NULL for success, else valid during the call */
    void *arg;
};

/* Cancels *op unless it is NULL, and sets it to NULL. */
void op_cancel(struct op **op);

/* What an implementer calls last; does nothing for a `done` without a function. */
void done_call(struct done done, const struct err *e);

#endif
