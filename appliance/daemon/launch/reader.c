/* A reader of a launch: its place in the feed, and what wakes it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "build/log.h"
#include "launch/state.h"
#include "loop/loop.h"

struct launch_reader {
    struct launch *launch;
    struct feed_cursor cursor;
    struct watch on_feed, on_log;
    struct build_log *log; /* that on_log watches; held */
    const char *address;   /* borrowed */
};

struct launch_reader *launch_reader_new(const struct launch_place *from, const char *address, void (*wake)(void *arg),
                                        void *arg)
{
    struct launch *l = from->launch;
    struct launch_reader *r = mem_zero(1, sizeof *r);

    *r = (struct launch_reader){
        .launch = l,
        .cursor.number = from->after,
        .address = address,
        .on_feed = {.wake = wake, .arg = arg},
        .on_log = {.wake = wake, .arg = arg},
    };
    l->readers++;
    watch_begin(&l->feed.watchers, &r->on_feed);
    return r;
}

/* Watches the log that the reader stands at, and no other. */
static void follow(struct launch_reader *r, struct build_log *log)
{
    if (log == r->log)
        return;
    if (r->log) {
        watch_end(&r->on_log);
        build_log_release(&r->log);
    }
    if (log) {
        r->log = build_log_hold(log);
        build_log_watch(log, &r->on_log);
    }
}

void launch_reader_free(struct launch_reader **r)
{
    struct launch *l;

    if (!*r)
        return;
    l = (*r)->launch;
    follow(*r, NULL);
    watch_end(&(*r)->on_feed);
    free(*r);
    *r = NULL;
    if (!--l->readers)
        l->unread = loop_now(l->launches->parts.loop);
    launch_forget_unread(l);
}

enum launch_read launch_reader_read(struct launch_reader *r, struct buf *out)
{
    const struct launch *l = r->launch;
    bool more = feed_read(&l->feed, &r->cursor, r->address, out);

    follow(r, feed_log_at(&l->feed, &r->cursor));
    if (more)
        return LAUNCH_READ_MORE;
    return l->flowing || l->linger ? LAUNCH_READ_WAIT : LAUNCH_READ_END;
}
