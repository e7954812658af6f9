/* The gateway's one thread: what has become readable or writable, and what has waited long enough. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

#define EVENTS_A_TURN 128

int poll_open(struct poll *p, struct err *e)
{
    *p = (struct poll){.epoll = epoll_create1(EPOLL_CLOEXEC), .now = clock_ms()};
    if (p->epoll < 0)
        return err_set_errno(e, ERR_SYSTEM, "epoll_create1");
    for (size_t i = 0; i < POLL_SLOTS; i++)
        list_init(&p->slots[i]);
    list_init(&p->again);
    list_init(&p->dead);
    p->slot = p->now / POLL_SLOT_MS;
    return 0;
}

int poll_watch(struct poll *p, struct poll_source *s, bool edge, struct err *e)
{
    struct epoll_event event = {.data.ptr = s};

    event.events = edge ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, s->fd, &event) < 0)
        return err_set_errno(e, ERR_SYSTEM, "epoll_ctl");
    return 0;
}

void poll_pause(struct poll *p, struct poll_source *s, bool paused)
{
    struct epoll_event event = {.events = paused ? 0 : EPOLLIN, .data.ptr = s};

    if (s->fd >= 0)
        epoll_ctl(p->epoll, EPOLL_CTL_MOD, s->fd, &event);
}

void poll_close(struct poll_source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static void into_slot(struct poll *p, struct poll_timer *t)
{
    int64_t slot = t->due / POLL_SLOT_MS + 1;
    size_t at;

    if (slot <= p->slot)
        slot = p->slot + 1;
    if (slot >= p->slot + POLL_SLOTS)
        slot = p->slot + POLL_SLOTS - 1; /* looked at then, and put further away */
    at = (size_t)slot % POLL_SLOTS;
    t->slot = slot;
    list_add(&p->slots[at], &t->node);
    p->busy[at / 64] |= UINT64_C(1) << at % 64;
}

void poll_timer_set(struct poll *p, struct poll_timer *t, int64_t in_ms)
{
    bool sleeps = !t->due;

    t->due = p->now + in_ms;
    if (!sleeps && t->due / POLL_SLOT_MS + 1 >= t->slot)
        return;
    list_remove(&t->node);
    into_slot(p, t);
}

void poll_timer_stop(struct poll_timer *t)
{
    list_remove(&t->node);
    t->due = 0;
}

void poll_again(struct poll *p, struct poll_again *a)
{
    if (list_empty(&a->node))
        list_add(&p->again, &a->node);
}

void poll_tick_in(struct poll *p, int64_t in_ms)
{
    if (!p->tick_due || p->now + in_ms < p->tick_due)
        p->tick_due = p->now + in_ms;
}

void poll_bury(struct poll *p, struct poll_grave *g, void *memory)
{
    g->memory = memory;
    list_add(&p->dead, &g->node);
}

static void bury(struct poll *p)
{
    while (!list_empty(&p->dead)) {
        struct poll_grave *g = container_of(p->dead.next, struct poll_grave, node);

        list_remove(&g->node);
        free(g->memory);
    }
}

static void run_slot(struct poll *p, size_t at)
{
    struct list *slot = &p->slots[at];
    struct list due;

    p->busy[at / 64] &= ~(UINT64_C(1) << at % 64);
    if (list_empty(slot))
        return;
    /* Moved as a whole, because what runs may put timers into this slot, for a later round. */
    due = *slot;
    due.next->before = due.before->next = &due;
    list_init(slot);
    while (!list_empty(&due)) {
        struct poll_timer *t = container_of(due.next, struct poll_timer, node);

        list_remove(&t->node);
        if (t->due > p->now) {
            into_slot(p, t);
            continue;
        }
        t->due = 0;
        t->expired(t);
    }
}

static void run_timers(struct poll *p)
{
    int64_t until = p->now / POLL_SLOT_MS;

    /* After a long sleep of the machine once around is enough. */
    if (until - p->slot > POLL_SLOTS)
        p->slot = until - POLL_SLOTS;
    while (p->slot < until) {
        p->slot++;
        run_slot(p, (size_t)p->slot % POLL_SLOTS);
    }
}

/* Milliseconds until the next slot that is not empty; -1: there is none. */
static int64_t next_slot_in(const struct poll *p)
{
    for (int64_t slot = p->slot + 1; slot < p->slot + POLL_SLOTS;) {
        size_t at = (size_t)slot % POLL_SLOTS;
        uint64_t bits = p->busy[at / 64] >> at % 64;

        if (bits)
            return (slot + __builtin_ctzll(bits)) * POLL_SLOT_MS - p->now;
        slot += 64 - at % 64;
    }
    return -1;
}

static int next_in(const struct poll *p)
{
    int64_t in = next_slot_in(p);

    if (!list_empty(&p->again))
        return 0;
    if (p->tick_due && (in < 0 || p->tick_due - p->now < in))
        in = p->tick_due > p->now ? p->tick_due - p->now : 0;
    return (int)in;
}

static void run_again(struct poll *p)
{
    struct list now;

    if (list_empty(&p->again))
        return;
    now = p->again;
    now.next->before = now.before->next = &now;
    list_init(&p->again);
    while (!list_empty(&now)) {
        struct poll_again *a = container_of(now.next, struct poll_again, node);

        list_remove(&a->node);
        a->run(a);
    }
}

int poll_run(struct poll *p, struct err *e)
{
    while (!p->stopped) {
        struct epoll_event events[EVENTS_A_TURN];
        int n = epoll_wait(p->epoll, events, EVENTS_A_TURN, next_in(p));

        if (n < 0 && errno != EINTR)
            return err_set_errno(e, ERR_SYSTEM, "epoll_wait");
        p->now = clock_ms();
        for (int i = 0; i < n; i++) {
            struct poll_source *s = events[i].data.ptr;

            if (s->fd >= 0)
                s->ready(s, events[i].events);
        }
        run_again(p);
        run_timers(p);
        if (p->tick_due && p->tick_due <= p->now) {
            p->tick_due = 0;
            p->tick(p->tick_arg);
        }
        bury(p);
    }
    return 0;
}
