/* The sweeper: puts rows and the engine's containers together. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/sweep.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "session/ending.h"
#include "session/look.h"
#include "session/reconcile.h"
#include "session/room.h"
#include "session/start.h"

struct removal {
    struct list node;
    struct sweeper *sweeper;
    struct id row;
    int64_t began; /* time of the loop */
    struct op *op;
};

struct sweeper {
    struct sessions *all;
    struct watch watch;       /* of the engine */
    struct loop_timer *timer; /* the next turn */
    int64_t due, began;       /* when that is; when the last listing began */
    int64_t busy;             /* when there was something to do last */
    unsigned turn;
    struct op *listing; /* NULL: none is under way */
    struct engine_container_list list;
    bool again;      /* asked for while a listing was under way */
    bool echo;       /* once more, after SWEEP_ECHO_MS */
    bool undone;     /* something of the last sweep could not be done */
    bool complained; /* about the listing: once, until it works again */
    bool returned;   /* the engine went away since the last listing: who has ended, ended with it */
    struct list removals;
    size_t removing;
};

static void sweep_begin(void *arg);

void sweep_within(struct sweeper *w, int delay_ms)
{
    struct loop *loop = w->all->parts.loop;
    int64_t due = loop_now(loop) + delay_ms;

    if (w->listing) {
        w->again = true;
        return;
    }
    if (w->timer && w->due <= due)
        return;
    loop_timer_cancel(&w->timer);
    w->due = due;
    w->timer = loop_timer_new(loop, delay_ms, sweep_begin, w);
}

void sweep_hinted(struct sweeper *w)
{
    int64_t since = loop_now(w->all->parts.loop) - w->began;

    sweep_within(w, since < SWEEP_HINT_MS ? (int)(SWEEP_HINT_MS - since) : 0);
}

/* The engine tells that a container has ended some 100 ms before its own listing shows it (20.10): look twice. */
static void engine_news(void *arg)
{
    struct sweeper *w = arg;

    w->echo = true;
    w->returned = w->returned || engine_state(w->all->parts.engine) != ERR_NONE;
    sweep_within(w, SWEEP_GATHER_MS);
}

static void removal_free(struct removal *r)
{
    list_remove(&r->node);
    r->sweeper->removing--;
    op_cancel(&r->op);
    free(r);
}

static void removed(void *arg, const struct err *e)
{
    struct removal *r = arg;
    struct sweeper *w = r->sweeper;
    char text[ID_TEXT];
    int64_t took = loop_now(w->all->parts.loop) - r->began;

    r->op = NULL;
    if (!e && took >= ENGINE_STOP_MS)
        log_line(LOG_NOTICE, ERR_SESSION_STUBBORN,
                 "a container took %lld ms to end; who does not end within %d ms of SIGTERM is killed CONTAINER=%s",
                 (long long)took, ENGINE_STOP_MS, id_text(text, &r->row));
    if (e && engine_state(w->all->parts.engine) == ERR_NONE)
        log_err(LOG_WARNING, e, "removing a container CONTAINER=%s", id_text(text, &r->row));
    removal_free(r);
    if (e || w->undone)
        sweep_within(w, e ? w->all->settings.sweep_ms : 0);
}

/* Once for each: an engine may take seconds to stop one. */
static void remove_container(struct sweeper *w, const struct id *row)
{
    struct removal *r;

    list_for_each (node, &w->removals)
        if (id_equal(&container_of(node, struct removal, node)->row, row))
            return;
    if (w->removing == SWEEP_REMOVALS_MAX) {
        w->undone = true;
        return;
    }
    r = mem_zero(1, sizeof *r);
    r->sweeper = w;
    r->row = *row;
    r->began = loop_now(w->all->parts.loop);
    list_add(&w->removals, &r->node);
    w->removing++;
    r->op = engine_container_remove(w->all->parts.engine, row, (struct done){removed, r});
}

static void lose(const struct sweeper *w, struct session *s, const struct engine_container *c)
{
    struct err why;

    if (c && !w->returned) {
        ending_learn(s, c);
        return;
    }
    if (c)
        err_set(&why, ERR_ENGINE_RESTARTED,
                "the service's container engine was restarted, and ended every notebook server");
    else
        err_set(&why, ERR_SESSION_LOST, "the container was removed from outside");
    session_cause(s, SESSION_ENDED, &why);
}

/* A start that nobody goes on with any more; one that is under way hears when its container has ended. */
static void look_at_start(struct session *s, const struct engine_container *c)
{
    struct err why;

    if (!s->start && loop_now(s->all->parts.loop) >= s->claim_by) {
        err_set(&why, ERR_SESSION_UNCLAIMED, "its start was cut short, and nobody came back for it");
        session_cause(s, SESSION_ENDED, &why);
    } else if (s->start && (!c || !c->running)) {
        start_died(s, c ? c->exit_code : -1);
    }
}

/* The listing may be older than this change, and says nothing about it. */
static bool has_changed_meanwhile(const struct sweeper *w, const struct session *s)
{
    return s->changed == w->turn;
}

static void judge(struct sweeper *w, struct session *s, const struct engine_container *c)
{
    if (s && s->state != SESSION_GONE && has_changed_meanwhile(w, s)) {
        w->again = true; /* by a listing that is younger */
        return;
    }
    switch (reconcile_verdict(s ? &s->state : NULL, c)) {
    case RECONCILE_NOTHING:
        return;
    case RECONCILE_REMOVE:
        remove_container(w, &c->row);
        return;
    case RECONCILE_ADOPT:
        routes_open(s, c->address);
        return;
    case RECONCILE_LOST:
        lose(w, s, c); /* the next sweep removes what is left */
        return;
    case RECONCILE_RESUME:
        look_at_start(s, c);
        return;
    }
}

static void judge_containers(struct sweeper *w)
{
    for (size_t i = 0; i < w->list.count; i++) {
        const struct engine_container *c = &w->list.items[i];
        struct session *s = session_by_id(w->all, &c->session);

        if (s && !id_equal(&s->container, &c->row))
            s = NULL; /* an earlier container of the same session */
        if (s)
            s->seen = w->turn;
        judge(w, s, c);
    }
}

static void judge_the_rest(struct sweeper *w)
{
    struct session *s, *next;

    HASH_ITER (by_id, w->all->by_id, s, next)
        if (s->seen != w->turn && s->state != SESSION_GONE)
            judge(w, s, NULL);
}

static void sweep_end(struct sweeper *w)
{
    int64_t now = loop_now(w->all->parts.loop);

    if (w->all->live || w->undone)
        w->busy = now;
    if (w->again)
        sweep_within(w, SWEEP_GATHER_MS);
    else if (w->echo)
        sweep_within(w, SWEEP_ECHO_MS);
    else if (now - w->busy < SWEEP_AFTER_MS)
        sweep_within(w, w->all->settings.sweep_ms);
    w->echo = w->again && w->echo;
    w->again = false;
}

static void listed(void *arg, const struct err *e)
{
    struct sweeper *w = arg;

    w->listing = NULL;
    if (e) {
        w->undone = true;
        if (!w->complained && engine_state(w->all->parts.engine) == ERR_NONE)
            log_err(LOG_WARNING, e, "listing containers");
        w->complained = true;
    } else {
        w->complained = w->undone = false;
        judge_containers(w);
        judge_the_rest(w);
        w->returned = false;
        routes_known(w->all->routes);
    }
    engine_container_list_free(&w->list);
    sessions_trim(w->all);
    sweep_end(w);
}

static void sweep_begin(void *arg)
{
    struct sweeper *w = arg;

    w->timer = NULL;
    look_at_all(w->all);
    w->turn++;
    w->began = loop_now(w->all->parts.loop);
    w->again = false;
    w->listing = engine_container_list(w->all->parts.engine, &w->list, (struct done){listed, w});
}

unsigned sweep_turn(const struct sweeper *w)
{
    return w->turn;
}

struct sweeper *sweeper_new(struct sessions *all)
{
    struct sweeper *w = mem_zero(1, sizeof *w);

    w->all = all;
    list_init(&w->removals);
    w->watch.wake = engine_news;
    w->watch.arg = w;
    w->busy = loop_now(all->parts.loop);
    w->began = w->busy - SWEEP_HINT_MS;
    engine_watch(all->parts.engine, &w->watch);
    sweep_within(w, 0);
    return w;
}

void sweeper_free(struct sweeper **at)
{
    struct sweeper *w = *at;

    if (!w)
        return;
    watch_end(&w->watch);
    loop_timer_cancel(&w->timer);
    op_cancel(&w->listing);
    engine_container_list_free(&w->list);
    list_for_each_safe (node, &w->removals)
        removal_free(container_of(node, struct removal, node));
    free(w);
    *at = NULL;
}
