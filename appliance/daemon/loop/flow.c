/* Runs a flow: enters its steps, holds them to their limits, recovers, ends. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/flow.h"

#include <stddef.h>

#include "base/str.h"
#include "loop/loop.h"

#define MS_PER_S INT64_C(1000)

/* Something of the step that may end the flow: a function of its table, or cancelling from inside one. */
typedef enum flow_result flow_part(struct flow *f, struct err *e);

static void flow_go(struct flow *f, flow_part *part, struct err *e);

static void flow_end(struct flow *f, const struct err *e)
{
    if (f->ended)
        *f->ended = true;
    f->kind->end(f, e);
}

static enum flow_result step_recover(struct flow *f, struct err *e)
{
    f->delay_ms = 0;
    return f->at->recover ? f->at->recover(f, e) : FLOW_FAIL;
}

static enum flow_result step_run(struct flow *f, struct err *e)
{
    const bool *ended = f->ended;
    enum flow_result result = f->at->run(f, e);

    return result == FLOW_FAIL && !*ended ? step_recover(f, e) : result;
}

static enum flow_result step_begin(struct flow *f, struct err *e)
{
    const bool *ended = f->ended;

    f->tries = 1;
    if (f->kind->enter && f->kind->enter(f, f->at->name, e) < 0)
        return FLOW_FAIL;
    return *ended ? FLOW_FAIL : step_run(f, e);
}

static enum flow_result step_over(struct flow *f, struct err *e)
{
    return FLOW_NEXT;
}

static void flow_over_limit(void *arg)
{
    struct flow *f = arg;
    struct err e;

    f->timer = NULL;
    op_cancel(&f->out);
    err_set(&e, ERR_DEADLINE, "%s: not done within %d s", f->at->name, f->at->limit_s);
    flow_go(f, step_recover, &e);
}

static void flow_set_limit(struct flow *f)
{
    if (f->at->limit_s > 0)
        f->timer = loop_timer_new(f->loop, f->at->limit_s * MS_PER_S, flow_over_limit, f);
}

static void flow_again(void *arg)
{
    struct flow *f = arg;
    struct err e;

    f->timer = NULL;
    flow_go(f, step_run, &e);
}

static void flow_begin(void *arg)
{
    struct flow *f = arg;
    struct err e;

    f->timer = NULL;
    flow_go(f, step_begin, &e);
}

/* Does `part` of the step, then as many whole steps as finish at once. */
static void flow_go(struct flow *f, flow_part *part, struct err *e)
{
    bool ended = false;
    enum flow_result result;

    f->ended = &ended;
    result = part(f, e);
    while (!ended && result == FLOW_NEXT && (++f->at)->name)
        result = step_begin(f, e);
    if (ended)
        return;
    f->ended = NULL;
    switch (result) {
    case FLOW_NEXT:
        flow_end(f, NULL);
        break;
    case FLOW_WAIT:
        flow_set_limit(f);
        break;
    case FLOW_AGAIN:
        f->tries++;
        f->timer = loop_timer_new(f->loop, f->delay_ms, flow_again, f);
        break;
    case FLOW_FAIL:
        flow_end(f, e);
        break;
    }
}

static const struct flow_step *step_called(const struct flow_kind *kind, const char *name)
{
    for (const struct flow_step *step = kind->steps; name && step->name; step++)
        if (str_is(step->name, name))
            return step;
    return kind->steps;
}

void flow_start(struct flow *f, const struct flow_kind *kind, struct loop *loop, const char *from)
{
    *f = (struct flow){.kind = kind, .at = step_called(kind, from), .loop = loop};
    f->timer = loop_timer_new(loop, 0, flow_begin, f);
}

void flow_cancel(struct flow *f, const struct err *why)
{
    op_cancel(&f->out);
    loop_timer_cancel(&f->timer);
    flow_end(f, why);
}

void flow_abandon(struct flow *f, struct done *done)
{
    struct err why;

    *done = (struct done){0};
    err_set(&why, ERR_CANCELLED, "%s: nobody waits for it any more", f->at->name);
    flow_cancel(f, &why);
}

enum flow_result flow_wait(struct flow *f, struct op *op)
{
    f->out = op;
    return FLOW_WAIT;
}

void flow_wait_anew(struct flow *f, struct op *op)
{
    loop_timer_cancel(&f->timer);
    f->out = op;
    flow_set_limit(f);
}

static void flow_op_done(void *arg, const struct err *e)
{
    struct flow *f = arg;
    struct err why = {0};

    f->out = NULL;
    loop_timer_cancel(&f->timer);
    if (e)
        why = *e;
    flow_go(f, e ? step_recover : step_over, &why);
}

struct done flow_done(struct flow *f)
{
    return (struct done){flow_op_done, f};
}
