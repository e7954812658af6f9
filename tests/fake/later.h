/* An op that is done after a while: what the stand-ins of rooms are made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_LATER_H
#define TESTS_FAKE_LATER_H

#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/op.h"

struct later {
    struct op op;
    struct loop_timer *timer;
    void (*fill)(struct later *l); /* writes the op's `out`; not called for an error */
    void *from, *out;
    int *cancelled;   /* counts; NULL: nobody does */
    struct op **held; /* NULL again when it is over; NULL: nobody looks */
    struct done done;
    struct err e; /* code ERR_NONE: success */
};

static inline void later_over(void *arg)
{
    struct later *l = (struct later *)arg, told = *l;

    if (!told.e.code && told.fill)
        told.fill(l);
    if (told.held)
        *told.held = NULL;
    free(l);
    done_call(told.done, told.e.code ? &told.e : NULL);
}

static inline void later_cancel(struct op *op)
{
    struct later *l = container_of(op, struct later, op);

    if (l->cancelled)
        ++*l->cancelled;
    if (l->held)
        *l->held = NULL;
    loop_timer_cancel(&l->timer);
    free(l);
}

/* Done `delay_ms` from now, as `how` says; its timer and cancel are set here. */
static inline struct op *later(struct loop *loop, int64_t delay_ms, const struct later *how)
{
    struct later *l = (struct later *)mem_zero(1, sizeof *l);

    *l = *how;
    l->op.cancel = later_cancel;
    if (l->held)
        *l->held = &l->op;
    l->timer = loop_timer_new(loop, delay_ms, later_over, l);
    return &l->op;
}

#endif
