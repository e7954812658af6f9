/* The one thread, on sd-event: timers, descriptors, signals. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

#define US_PER_MS 1000u
/* How late a timer may be, so that the kernel wakes us once for several: a fiftieth of its delay, at most 250 ms. */
#define SLACK_SHARE 50u
#define SLACK_MAX_US 250000u

struct loop {
    sd_event *event;
    bool stopped;
};

struct loop_timer {
    sd_event_source *source;
    void (*call)(void *arg);
    void *arg;
};

struct loop_fd {
    sd_event_source *source;
    void (*ready)(void *arg, unsigned events);
    void *arg;
};

struct loop_signal {
    sd_event_source *source;
    void (*call)(void *arg);
    void *arg;
};

/* Adding to epoll fails for want of memory or by a mistake of ours; neither has an answer (base/mem.h). */
static void must(int result, const char *what)
{
    if (result >= 0)
        return;
    log_line(LOG_ERR, ERR_INTERNAL, "the loop refuses %s: %s", what, strerror(-result));
    abort();
}

static uint64_t now_us(const struct loop *loop)
{
    uint64_t now = 0;

    must(sd_event_now(loop->event, CLOCK_MONOTONIC, &now), "to tell the time");
    return now;
}

static int timer_fired(sd_event_source *source, uint64_t when, void *arg)
{
    struct loop_timer *timer = arg, copy = *timer;

    loop_timer_cancel(&timer);
    copy.call(copy.arg);
    return 0;
}

int loop_new(struct loop **out, struct err *e)
{
    sd_event_source *first = NULL;
    sd_event *event = NULL;
    int result = sd_event_new(&event);

    /* The first timer opens the timerfd: here, where an error can be told. */
    if (result >= 0)
        result = sd_event_add_time(event, &first, CLOCK_MONOTONIC, UINT64_MAX, 0, timer_fired, NULL);
    sd_event_source_disable_unref(first);
    if (result < 0) {
        sd_event_unref(event);
        return err_set(e, ERR_SYSTEM, "making the loop: %s", strerror(-result));
    }
    /* Who stops reading from us is an error of write(), not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    *out = mem_zero(1, sizeof **out);
    (*out)->event = event;
    return 0;
}

void loop_free(struct loop **loop)
{
    if (!*loop)
        return;
    sd_event_unref((*loop)->event);
    free(*loop);
    *loop = NULL;
}

/* Not sd_event_loop(): after sd_event_exit() nothing can be added, and what is being taken down adds timers. */
int loop_run(struct loop *loop, struct err *e)
{
    loop->stopped = false;
    while (!loop->stopped) {
        int result = sd_event_run(loop->event, UINT64_MAX);

        if (result < 0)
            return err_set(e, ERR_SYSTEM, "waiting in the loop: %s", strerror(-result));
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

int64_t loop_now(const struct loop *loop)
{
    return (int64_t)(now_us(loop) / US_PER_MS);
}

struct loop_timer *loop_timer_new(struct loop *loop, int64_t delay_ms, void (*call)(void *arg), void *arg)
{
    struct loop_timer *timer = mem_zero(1, sizeof *timer);
    uint64_t delay_us = delay_ms > 0 ? (uint64_t)delay_ms * US_PER_MS : 0;
    uint64_t slack_us = delay_us / SLACK_SHARE + 1;

    *timer = (struct loop_timer){.call = call, .arg = arg};
    must(sd_event_add_time(loop->event, &timer->source, CLOCK_MONOTONIC, now_us(loop) + delay_us,
                           slack_us < SLACK_MAX_US ? slack_us : SLACK_MAX_US, timer_fired, timer),
         "a timer");
    return timer;
}

void loop_timer_cancel(struct loop_timer **timer)
{
    struct loop_timer *it = STEAL(*timer);

    if (!it)
        return;
    sd_event_source_disable_unref(it->source);
    free(it);
}

static uint32_t epoll_events(unsigned events)
{
    return (events & LOOP_READ ? EPOLLIN : 0u) | (events & LOOP_WRITE ? EPOLLOUT : 0u);
}

static int fd_ready(sd_event_source *source, int fd, uint32_t happened, void *arg)
{
    struct loop_fd *watched = arg;
    unsigned events = 0;

    if (happened & EPOLLIN)
        events |= LOOP_READ;
    if (happened & EPOLLOUT)
        events |= LOOP_WRITE;
    if (happened & (EPOLLHUP | EPOLLERR))
        events |= LOOP_HANGUP;
    watched->ready(watched->arg, events);
    return 0;
}

struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, void (*ready)(void *arg, unsigned events),
                            void *arg)
{
    struct loop_fd *watched = mem_zero(1, sizeof *watched);

    *watched = (struct loop_fd){.ready = ready, .arg = arg};
    must(sd_event_add_io(loop->event, &watched->source, fd, epoll_events(events), fd_ready, watched), "a descriptor");
    return watched;
}

void loop_fd_want(struct loop_fd *watched, unsigned events)
{
    must(sd_event_source_set_io_events(watched->source, epoll_events(events)), "other events");
}

void loop_fd_remove(struct loop_fd **watched)
{
    struct loop_fd *it = STEAL(*watched);

    if (!it)
        return;
    sd_event_source_disable_unref(it->source);
    free(it);
}

static int signal_came(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
    struct loop_signal *watched = arg;

    watched->call(watched->arg);
    return 0;
}

struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*call)(void *arg), void *arg)
{
    struct loop_signal *watched = mem_zero(1, sizeof *watched);
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *watched = (struct loop_signal){.call = call, .arg = arg};
    must(sd_event_add_signal(loop->event, &watched->source, number, signal_came, watched), "a signal");
    return watched;
}

void loop_signal_remove(struct loop_signal **watched)
{
    struct loop_signal *it = STEAL(*watched);

    if (!it)
        return;
    sd_event_source_disable_unref(it->source);
    free(it);
}
