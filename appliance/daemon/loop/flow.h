/* A flow: a table of named steps, each with at most one op. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_FLOW_H
#define LOOP_FLOW_H

#include <stdbool.h>

#include "loop/op.h"

struct flow;
struct loop;
struct loop_timer;

enum flow_result {
    FLOW_NEXT,  /* finished at once */
    FLOW_WAIT,  /* an op is out; its `done` goes on */
    FLOW_AGAIN, /* from recover only: run the step again after flow->delay_ms, under a new limit */
    FLOW_FAIL,  /* *e says why */
};

struct flow_step {
    const char *name; /* stable: in the store, the journal, the metrics and on the launch page */
    int limit_s;      /* after this long a try of the step fails with ERR_DEADLINE; 0: none */
    enum flow_result (*run)(struct flow *f, struct err *e); /* must bear being run twice */
    enum flow_result (*recover)(struct flow *f,
                                struct err *e); /* reads and may change *e, why the step failed;
                                                   FLOW_NEXT: it does not matter. NULL: it ends the flow */
};

struct flow_kind {
    const struct flow_step *steps; /* ends with a row without a name */
    /* Commits the step before it runs, not again for another try; an error ends the flow. NULL: nothing to commit. */
    int (*enter)(struct flow *f, const char *step, struct err *e);
    void (*end)(struct flow *f, const struct err *e); /* once, last: may free what contains the flow */
};

struct flow {
    const struct flow_kind *kind;
    const struct flow_step *at;
    struct loop *loop;
    struct op *out;           /* the step's op, NULL when none is out */
    struct loop_timer *timer; /* the step's limit, or recover's delay */
    int tries, delay_ms;      /* of this step, from 1; set by recover */
    bool *ended;              /* flow.c's: tells it that a function of the table has cancelled the flow */
};

/* Begins, from the loop, at the step called `from`; NULL, or a name that an older version knew: at the first. */
void flow_start(struct flow *f, const struct flow_kind *kind, struct loop *loop, const char *from);
/* Cancels the op that is out and calls end(why). A function of the table that does it returns FLOW_FAIL at once. */
void flow_cancel(struct flow *f, const struct err *why);
/* What the cancel function of a flow's op does: clears *done, so that nobody is called, and ends with ERR_CANCELLED. */
void flow_abandon(struct flow *f, struct done *done);
/* The last line of a step: `return flow_wait(f, room_noun_verb(..., flow_done(f)));`. */
enum flow_result flow_wait(struct flow *f, struct op *op);
struct done flow_done(struct flow *f);
/* From a step whose op has ended: another one follows it, for which the step's limit counts from now on. */
void flow_wait_anew(struct flow *f, struct op *op);

#endif
