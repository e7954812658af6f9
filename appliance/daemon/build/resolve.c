/* Which commit a spec means: questions in flight are shared, answers kept for a moment. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/answers.h"
#include "build/fetcher.h"
#include "loop/loop.h"

#define AGAIN_MS 500 /* between attempts to reach a fetch that is away */

struct resolver {
    struct loop *loop;
    char *socket;
    int limit_ms, keep_ms;
    struct answers *answers;
    struct list asked; /* struct resolution */
    int count;
};

struct resolution {
    struct list node;
    struct resolver *resolver;
    char *provider, *spec, *token, *site, *api;
    struct list waiters;
    struct fetcher *fetcher;
    struct op *question;
    struct loop_timer *limit; /* until there is an answer; then how long it is kept */
    struct loop_timer *again; /* the next attempt, or the telling of what is known */
    bool answered;
    struct fetcher_ref ref;
    struct err error, away; /* away: why the last attempt reached no fetch */
};

struct waiter {
    struct op op;
    struct list node;
    struct resolution *resolution;
    char *ref; /* the caller's */
    struct done done;
};

struct resolver *resolver_new(struct loop *loop, const struct build_settings *settings)
{
    struct resolver *r = mem_zero(1, sizeof *r);

    r->loop = loop;
    r->socket = mem_string(settings->fetch_socket);
    r->limit_ms = settings->resolve_limit_ms;
    r->keep_ms = settings->resolve_keep_ms;
    r->answers = answers_new();
    list_init(&r->asked);
    return r;
}

static void free_resolution(struct resolution *n)
{
    list_for_each_safe (node, &n->waiters)
        free(container_of(node, struct waiter, node));
    op_cancel(&n->question);
    fetcher_free(&n->fetcher);
    loop_timer_cancel(&n->limit);
    loop_timer_cancel(&n->again);
    list_remove(&n->node);
    n->resolver->count--;
    free(n->provider);
    free(n->spec);
    free(n->token);
    free(n->site);
    free(n->api);
    free(n);
}

void resolver_free(struct resolver **at)
{
    struct resolver *r = STEAL(*at);

    if (!r)
        return;
    list_for_each_safe (node, &r->asked)
        free_resolution(container_of(node, struct resolution, node));
    answers_free(&r->answers);
    free(r->socket);
    free(r);
}

/* Tells all who wait; what is not worth keeping goes. A waiter's `done` may ask or cancel anything. */
static void tell_waiters(void *arg)
{
    struct resolution *n = arg;

    n->again = NULL;
    while (!list_empty(&n->waiters)) {
        struct waiter *w = container_of(n->waiters.next, struct waiter, node);
        struct done done = w->done;

        if (!n->error.code)
            memcpy(w->ref, n->ref.ref, sizeof n->ref.ref);
        list_remove(&w->node);
        free(w);
        done_call(done, n->error.code ? &n->error : NULL);
    }
    if (!n->limit)
        free_resolution(n);
}

static void forget(void *arg)
{
    struct resolution *n = arg;

    n->limit = NULL;
    if (!n->again)
        free_resolution(n);
}

static void settle(struct resolution *n, const struct err *e)
{
    n->answered = true;
    if (e)
        n->error = *e;
    op_cancel(&n->question);
    fetcher_free(&n->fetcher);
    loop_timer_cancel(&n->limit);
    loop_timer_cancel(&n->again);
    if (!e && n->resolver->keep_ms > 0)
        n->limit = loop_timer_new(n->resolver->loop, n->resolver->keep_ms, forget, n);
    n->again = loop_timer_new(n->resolver->loop, 0, tell_waiters, n);
}

static void too_late(void *arg)
{
    struct resolution *n = arg;
    struct err e = n->away;

    n->limit = NULL;
    if (!e.code)
        err_set(&e, ERR_DEADLINE, "the repository's server did not answer within %d s", n->resolver->limit_ms / 1000);
    settle(n, &e);
}

static void ask(void *arg);

static void answered(void *arg, const struct err *e)
{
    struct resolution *n = arg;

    n->question = NULL;
    if (!e && n->ref.asked)
        answers_keep(n->resolver->answers,
                     &(struct answer){n->provider, n->spec, n->ref.ref, n->ref.etag, loop_now(n->resolver->loop)});
    if (!e || (e->code != ERR_FETCH_AWAY && e->code != ERR_FETCH_VERSION)) {
        settle(n, e);
        return;
    }
    n->away = *e;
    n->again = loop_timer_new(n->resolver->loop, AGAIN_MS, ask, n);
}

static void ask(void *arg)
{
    struct resolution *n = arg;
    struct fetcher_question q = {n->provider, n->spec, n->token, n->site, n->api};

    n->again = NULL;
    answers_find(n->resolver->answers, n->provider, n->spec, &q.known, &q.etag);
    fetcher_free(&n->fetcher);
    n->fetcher = fetcher_new(n->resolver->loop, &(struct fetcher_spec){.socket = n->resolver->socket});
    n->question = fetcher_resolve(n->fetcher, &q, &n->ref, (struct done){answered, n});
}

static bool same(const char *a, const char *b)
{
    return a && b ? str_is(a, b) : a == b;
}

static struct resolution *find(struct resolver *r, const struct build_question *q)
{
    list_for_each (node, &r->asked) {
        struct resolution *n = container_of(node, struct resolution, node);

        if (!n->error.code && str_is(n->provider, q->provider) && str_is(n->spec, q->spec) && same(n->token, q->token))
            return n;
    }
    return NULL;
}

static struct resolution *begin(struct resolver *r, const struct build_question *q)
{
    struct resolution *n = mem_zero(1, sizeof *n);

    n->resolver = r;
    n->provider = mem_string(q->provider);
    n->spec = mem_string(q->spec);
    n->token = mem_string(q->token);
    n->site = mem_string(q->site);
    n->api = mem_string(q->api);
    list_init(&n->waiters);
    list_add(&r->asked, &n->node);
    if (answers_none(r->answers, q->provider, q->spec, loop_now(r->loop))) {
        r->count++;
        settle(n, NULL);
        return n;
    }
    if (++r->count > RESOLVE_MAX) {
        struct err e;

        err_set(&e, ERR_RESOLVE_BUSY, "too many repositories are being looked up; please try again");
        settle(n, &e);
        return n;
    }
    n->limit = loop_timer_new(r->loop, r->limit_ms, too_late, n);
    ask(n);
    return n;
}

static void cancel_waiter(struct op *op)
{
    struct waiter *w = container_of(op, struct waiter, op);
    struct resolution *n = w->resolution;

    list_remove(&w->node);
    free(w);
    if (list_empty(&n->waiters) && !n->answered)
        free_resolution(n);
}

struct op *resolver_ask(struct resolver *r, const struct build_question *q, char ref[256], struct done done)
{
    struct resolution *n = find(r, q);
    struct waiter *w = mem_zero(1, sizeof *w);

    if (!n)
        n = begin(r, q);
    w->op.cancel = cancel_waiter;
    w->resolution = n;
    w->ref = ref;
    w->done = done;
    list_add(&n->waiters, &w->node);
    if (n->answered && !n->again)
        n->again = loop_timer_new(r->loop, 0, tell_waiters, n);
    return &w->op;
}
