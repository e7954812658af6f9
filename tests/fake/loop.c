/* A loop with virtual time, linked in place of loop/loop.c: an idle hour takes a millisecond. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/loop.h"

#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"

/*
 * Time stands still while anything can run, then jumps to the next timer. Descriptors are polled without waiting
 * before each jump; with no timer left the loop waits for them, and with nothing left at all it ends. Signals are
 * never told.
 */
#define FDS_MAX 1024

struct loop {
    struct list timers; /* by time, equal ones in the order of their making */
    struct list fds;
    int64_t now;
    bool stopped;
};

struct loop_timer {
    struct list node;
    int64_t when;
    void (*call)(void *arg);
    void *arg;
};

struct loop_fd {
    struct list node;
    int fd;
    unsigned events;
    void (*ready)(void *arg, unsigned events);
    void *arg;
};

struct loop_signal {
    int number;
};

int loop_new(struct loop **out, struct err *e)
{
    *out = mem_zero(1, sizeof **out);
    list_init(&(*out)->timers);
    list_init(&(*out)->fds);
    return 0;
}

void loop_free(struct loop **loop)
{
    free(*loop);
    *loop = NULL;
}

static void run_next_timer(struct loop *loop)
{
    struct loop_timer *timer = container_of(loop->timers.next, struct loop_timer, node), copy = *timer;

    if (timer->when > loop->now)
        loop->now = timer->when;
    loop_timer_cancel(&timer);
    copy.call(copy.arg);
}

static short poll_events(unsigned events)
{
    return (short)((events & LOOP_READ ? POLLIN : 0) | (events & LOOP_WRITE ? POLLOUT : 0));
}

static unsigned loop_events(short happened)
{
    unsigned events = 0;

    if (happened & POLLIN)
        events |= LOOP_READ;
    if (happened & POLLOUT)
        events |= LOOP_WRITE;
    if (happened & (POLLHUP | POLLERR))
        events |= LOOP_HANGUP;
    return events;
}

/* Tells of one descriptor; false when none was ready. */
static bool run_next_fd(struct loop *loop, int wait_ms)
{
    struct pollfd asked[FDS_MAX];
    struct loop_fd *watched[FDS_MAX];
    nfds_t count = 0;

    list_for_each (node, &loop->fds) {
        if (count == FDS_MAX)
            abort();
        watched[count] = container_of(node, struct loop_fd, node);
        asked[count] = (struct pollfd){watched[count]->fd, poll_events(watched[count]->events), 0};
        count++;
    }
    if (!count || poll(asked, count, wait_ms) <= 0)
        return false;
    for (nfds_t i = 0; i < count; i++) {
        if (!asked[i].revents)
            continue;
        watched[i]->ready(watched[i]->arg, loop_events(asked[i].revents));
        return true;
    }
    return false;
}

int loop_run(struct loop *loop, struct err *e)
{
    loop->stopped = false;
    while (!loop->stopped && !(list_empty(&loop->timers) && list_empty(&loop->fds))) {
        if (run_next_fd(loop, list_empty(&loop->timers) ? -1 : 0))
            continue;
        if (!list_empty(&loop->timers))
            run_next_timer(loop);
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

int64_t loop_now(const struct loop *loop)
{
    return loop->now;
}

struct loop_timer *loop_timer_new(struct loop *loop, int64_t delay_ms, void (*call)(void *arg), void *arg)
{
    struct loop_timer *timer = mem_zero(1, sizeof *timer);
    struct list *before = &loop->timers;

    *timer = (struct loop_timer){.when = loop->now + (delay_ms > 0 ? delay_ms : 0), .call = call, .arg = arg};
    list_for_each (node, &loop->timers) {
        before = node;
        if (container_of(node, struct loop_timer, node)->when > timer->when)
            break;
        before = &loop->timers;
    }
    list_add(before, &timer->node); /* in front of `before` */
    return timer;
}

void loop_timer_cancel(struct loop_timer **timer)
{
    struct loop_timer *it = STEAL(*timer);

    if (!it)
        return;
    list_remove(&it->node);
    free(it);
}

struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, void (*ready)(void *arg, unsigned events),
                            void *arg)
{
    struct loop_fd *watched = mem_zero(1, sizeof *watched);

    *watched = (struct loop_fd){.fd = fd, .events = events, .ready = ready, .arg = arg};
    list_add(&loop->fds, &watched->node);
    return watched;
}

void loop_fd_want(struct loop_fd *watched, unsigned events)
{
    watched->events = events;
}

void loop_fd_remove(struct loop_fd **watched)
{
    struct loop_fd *it = STEAL(*watched);

    if (!it)
        return;
    list_remove(&it->node);
    free(it);
}

struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*call)(void *arg), void *arg)
{
    struct loop_signal *watched = mem_zero(1, sizeof *watched);

    watched->number = number;
    return watched;
}

void loop_signal_remove(struct loop_signal **watched)
{
    free(STEAL(*watched));
}
