/* A flow: a table of named steps, each with at most one op. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_FLOW_H
#define LOOP_FLOW_H

#include "loop/op.h"

struct flow;
struct loop;
struct loop_timer;

enum flow_result {
    FLOW_NEXT,  /* finished at once */
    FLOW_WAIT,  /* an op is out; its `done` goes on */
    FLOW_AGAIN, /* from recover only: run the step again after flow->delay_ms */
    FLOW_FAIL,  /* *e says why */
};

struct flow_step {
    const char *name; /* stable: in the store, the journal, the metrics and on the launch page */
    int limit_s;      /* after this long the step fails with ERR_DEADLINE */
    enum flow_result (*run)(struct flow *f, struct err *e);     /* must bear being run twice */
    enum flow_result (*recover)(struct flow *f, struct err *e); /* NULL: a failed step ends the flow */
};

struct flow_kind {
    const struct flow_step *steps;                                 /* ends with a row without a name */
    int (*enter)(struct flow *f, const char *step, struct err *e); /* commits the step before it runs */
    void (*end)(struct flow *f, const struct err *e);              /* once, last: may free what contains the flow */
};

struct flow {
    const struct flow_kind *kind;
    const struct flow_step *at;
    struct loop *loop;
    struct op *out;           /* the step's op, NULL when none is out */
    struct loop_timer *timer; /* the step's limit, or recover's delay */
    int tries, delay_ms;      /* of this step, from 1; set by recover */
};

/* Begins, from the loop, at the step called `from`; NULL: at the first. */
void flow_start(struct flow *f, const struct flow_kind *kind, struct loop *loop, const char *from);
/* Cancels the op that is out and calls end(why). */
void flow_cancel(struct flow *f, const struct err *why);
/* The last line of a step: `return flow_wait(f, room_noun_verb(..., flow_done(f)));`. */
enum flow_result flow_wait(struct flow *f, struct op *op);
struct done flow_done(struct flow *f);

#endif
