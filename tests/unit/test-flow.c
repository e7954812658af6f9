/* Flows: what house.md promises of their steps, limits, recoveries and ends; in virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/flow.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "tap.h"

static struct loop *loop;

/* An op that ends after a while, with or without an error; it tells its life in `told`. */
struct nap {
    struct op op;
    struct loop_timer *timer;
    struct done done;
    bool fails;
};
static struct buf told;

static void nap_over(void *arg)
{
    struct nap *nap = arg;
    struct done done = nap->done;
    bool fails = nap->fails;
    struct err e;

    free(nap);
    err_set(&e, ERR_SYSTEM, "bad dream");
    done_call(done, fails ? &e : NULL);
}

static void nap_cancel(struct op *op)
{
    struct nap *nap = container_of(op, struct nap, op);

    buf_add_text(&told, "cancelled ");
    loop_timer_cancel(&nap->timer);
    free(nap);
}

static struct op *nap(int ms, bool fails, struct done done)
{
    struct nap *new = mem_zero(1, sizeof *new);

    *new = (struct nap){.op = {nap_cancel}, .done = done, .fails = fails};
    new->timer = loop_timer_new(loop, ms, nap_over, new);
    return &new->op;
}

/* The flow under test: on the heap, freed in its end, so that a sanitizer sees whoever touches it later. */
struct trip {
    struct op op;
    struct flow flow;
    struct done done;
    int attempts;
};

static struct trip *trip_of(struct flow *f)
{
    return container_of(f, struct trip, flow);
}

static enum flow_result at_once(struct flow *f, struct err *e)
{
    return FLOW_NEXT;
}

static enum flow_result naps(struct flow *f, struct err *e)
{
    return flow_wait(f, nap(500, false, flow_done(f)));
}

static enum flow_result naps_badly(struct flow *f, struct err *e)
{
    trip_of(f)->attempts++;
    return flow_wait(f, nap(10, true, flow_done(f)));
}

static enum flow_result oversleeps(struct flow *f, struct err *e)
{
    return flow_wait(f, nap(3600 * 1000, false, flow_done(f)));
}

static void naps_on(void *arg, const struct err *e)
{
    struct flow *f = arg;

    flow_wait_anew(f, nap(900, false, flow_done(f)));
}

static enum flow_result naps_twice(struct flow *f, struct err *e)
{
    return flow_wait(f, nap(900, false, (struct done){naps_on, f}));
}

static void sleeps_in(void *arg, const struct err *e)
{
    struct flow *f = arg;

    flow_wait_anew(f, nap(3600 * 1000, false, flow_done(f)));
}

static enum flow_result naps_and_oversleeps(struct flow *f, struct err *e)
{
    return flow_wait(f, nap(900, false, (struct done){sleeps_in, f}));
}

static enum flow_result refuses(struct flow *f, struct err *e)
{
    err_set(e, ERR_MALFORMED, "no");
    return FLOW_FAIL;
}

static enum flow_result cancels_itself(struct flow *f, struct err *e)
{
    struct err why;

    err_set(&why, ERR_CANCELLED, "enough");
    flow_cancel(f, &why);
    return FLOW_FAIL;
}

static enum flow_result again_twice(struct flow *f, struct err *e)
{
    buf_add_format(&told, "%s(%d) ", e->text, f->tries);
    if (f->tries == 3)
        return FLOW_FAIL;
    f->delay_ms = 1000 * f->tries;
    return FLOW_AGAIN;
}

static enum flow_result forgives(struct flow *f, struct err *e)
{
    return FLOW_NEXT;
}

static enum flow_result says_more(struct flow *f, struct err *e)
{
    err_wrap(e, "on the way");
    return FLOW_FAIL;
}

static int enter(struct flow *f, const char *step, struct err *e)
{
    buf_add_format(&told, "%s ", step);
    return strcmp(step, "locked") == 0 ? err_set(e, ERR_SYSTEM, "the door is locked") : 0;
}

static void trip_end(struct flow *f, const struct err *e)
{
    struct trip *trip = trip_of(f);

    buf_add_format(&told, "end:%s", e ? e->text : "well");
    done_call(trip->done, e);
    free(trip);
}

static void trip_cancel(struct op *op)
{
    struct trip *trip = container_of(op, struct trip, op);

    flow_abandon(&trip->flow, &trip->done);
}

static int calls;

static void trip_done(void *arg, const struct err *e)
{
    calls++;
}

static struct op *trip_start(const struct flow_step *steps, const char *from)
{
    static struct flow_kind kinds[32];
    static size_t used;
    struct trip *trip = mem_zero(1, sizeof *trip);

    buf_clear(&told);
    calls = 0;
    kinds[used] = (struct flow_kind){steps, enter, trip_end};
    *trip = (struct trip){.op = {trip_cancel}, .done = {trip_done, NULL}};
    flow_start(&trip->flow, &kinds[used++], loop, from);
    return &trip->op;
}

/* Runs it to its end; how many milliseconds that took. */
static int64_t trip(const struct flow_step *steps, const char *from)
{
    int64_t before = loop_now(loop);
    struct err e;

    trip_start(steps, from);
    if (calls)
        buf_add_text(&told, "CALLED FROM INSIDE ");
    if (loop_run(loop, &e) < 0)
        abort();
    return loop_now(loop) - before;
}

static void stop(void *arg)
{
    loop_stop(loop);
}

/* Starts it, cancels it after `ms`, and lets everything that is left happen. */
static void trip_cut(const struct flow_step *steps, int ms)
{
    struct op *op = trip_start(steps, NULL);
    struct err e;

    if (ms) {
        loop_timer_new(loop, ms, stop, NULL);
        if (loop_run(loop, &e) < 0)
            abort();
    }
    op_cancel(&op);
    if (loop_run(loop, &e) < 0 || op)
        abort();
}

static void test_order(void)
{
    static const struct flow_step steps[] = {
        {"one", 1, at_once, NULL}, {"two", 1, naps, NULL}, {"three", 1, naps, NULL}, {"four", 1, at_once, NULL}, {0}};

    is_number(trip(steps, NULL), 1000, "a flow takes as long as its ops, and steps that finish at once take nothing");
    is(buf_text(&told), "one two three four end:well", "steps run in order, each entered before it runs");
    is_number(calls, 1, "done is called once, and not from inside the call");
    trip(steps, "three");
    is(buf_text(&told), "three four end:well", "a flow goes on at a named step");
    trip(steps, "gone-since-1.0");
    is(buf_text(&told), "one two three four end:well", "a name that nobody knows begins at the first step");
}

static void test_failures(void)
{
    static const struct flow_step refused[] = {{"one", 1, refuses, NULL}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step bad_op[] = {{"one", 1, naps_badly, NULL}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step locked[] = {{"locked", 1, at_once, forgives}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step slow[] = {{"one", 60, oversleeps, NULL}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step no_limit[] = {{"one", 0, oversleeps, NULL}, {0}};
    static const struct flow_step twice[] = {{"one", 1, naps_twice, NULL}, {0}};
    static const struct flow_step slow_at_last[] = {{"one", 1, naps_and_oversleeps, NULL}, {0}};

    trip(refused, NULL);
    is(buf_text(&told), "one end:no", "a step's error ends the flow");
    trip(bad_op, NULL);
    is(buf_text(&told), "one end:bad dream", "so does its op's error");
    trip(locked, NULL);
    is(buf_text(&told), "locked end:the door is locked", "a step that cannot be committed does not run");
    is_number(trip(slow, NULL), 60000, "a step ends at its limit");
    is(buf_text(&told), "one cancelled end:one: not done within 60 s", "its op is cancelled, and the error says so");
    is_number(trip(no_limit, NULL), 3600 * 1000, "limit 0 is none");
    is_number(trip(twice, NULL), 900 + 900, "a second op of a step has the whole limit");
    is_number(trip(slow_at_last, NULL), 900 + 1000, "and no more");
}

static void test_recovery(void)
{
    static const struct flow_step thrice[] = {{"one", 1, naps_badly, again_twice}, {0}};
    static const struct flow_step refused[] = {{"one", 1, refuses, again_twice}, {0}};
    static const struct flow_step slow[] = {{"one", 1, oversleeps, again_twice}, {0}};
    static const struct flow_step forgiven[] = {{"one", 1, refuses, forgives}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step wrapped[] = {{"one", 1, refuses, says_more}, {0}};

    is_number(trip(thrice, NULL), 10 + 1000 + 10 + 2000 + 10, "a step runs again after the delay of its recovery");
    is(buf_text(&told), "one bad dream(1) bad dream(2) bad dream(3) end:bad dream",
       "recovery is asked with the error and the number of tries; a step is entered once");
    trip(refused, NULL);
    is(buf_text(&told), "one no(1) no(2) no(3) end:no", "also for a step that fails at once");
    is_number(trip(slow, NULL), 3000 + 3000, "each try has the step's whole limit");
    trip(forgiven, NULL);
    is(buf_text(&told), "one two end:well", "a recovery can say that it does not matter");
    trip(wrapped, NULL);
    is(buf_text(&told), "one end:on the way: no", "and can change what the error says");
}

static void test_cancel(void)
{
    static const struct flow_step waiting[] = {{"one", 60, oversleeps, NULL}, {"two", 1, at_once, NULL}, {0}};
    static const struct flow_step again[] = {{"one", 60, refuses, again_twice}, {0}};
    static const struct flow_step itself[] = {{"one", 1, cancels_itself, forgives}, {"two", 1, at_once, NULL}, {0}};

    trip_cut(waiting, 100);
    is(buf_text(&told), "one cancelled end:one: nobody waits for it any more",
       "cancelling stops the op that is out and comes through the end");
    is_number(calls, 0, "after op_cancel nobody is called");
    trip_cut(waiting, 0);
    is(buf_text(&told), "end:one: nobody waits for it any more", "a flow can be cancelled before its first step");
    trip_cut(again, 100);
    is(buf_text(&told), "one no(1) end:one: nobody waits for it any more", "and between two tries");
    trip(itself, NULL);
    is(buf_text(&told), "one end:enough", "and from inside a step, where nothing of it is touched any more");
}

static void append(void *arg)
{
    buf_add_text(&told, arg);
}

static void test_virtual_time(void)
{
    struct loop_timer *dropped;
    struct err e;

    buf_clear(&told);
    loop_timer_new(loop, 3600 * 1000, append, "hour ");
    loop_timer_new(loop, 5, append, "five ");
    dropped = loop_timer_new(loop, 5, append, "dropped ");
    loop_timer_new(loop, 5, append, "five-too ");
    loop_timer_new(loop, 0, append, "now ");
    loop_timer_cancel(&dropped);
    ok(loop_run(loop, &e) == 0 && !dropped, "a loop with virtual time ends when nothing is left");
    is(buf_text(&told), "now five five-too hour ", "timers come by time, equal ones in order");
}

int main(void)
{
    struct err e;

    told = BUF_OF(4096);
    if (loop_new(&loop, &e) < 0)
        return 1;
    test_order();
    test_failures();
    test_recovery();
    test_cancel();
    test_virtual_time();
    loop_free(&loop);
    buf_free(&told);
    return tap_end();
}
