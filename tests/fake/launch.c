/* Stands in for launch/: one feed, which the test writes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "launch/launch.h"

#define EVENTS_MAX 16

struct launch {
    char *events[EVENTS_MAX];
    size_t said, repeated, repeated_len;
    bool ended;
};

struct launch_reader {
    struct list node;
    size_t at;
    void (*wake)(void *arg);
    void *arg;
};

char fake_launch_asked[512], fake_launch_address[64];
int fake_launch_readers;
size_t fake_launch_bytes_handed;
static struct launch feed;
static struct list readers = {&readers, &readers};

void fake_launch_reset(void)
{
    for (size_t i = 0; i < feed.said; i++)
        free(feed.events[i]);
    feed = (struct launch){0};
    fake_launch_bytes_handed = 0;
}

static void wake_all(void)
{
    list_for_each (node, &readers) {
        struct launch_reader *r = container_of(node, struct launch_reader, node);

        r->wake(r->arg);
    }
}

void fake_launch_say(const char *event)
{
    if (feed.said == EVENTS_MAX)
        abort();
    feed.events[feed.said++] = mem_string(event);
    wake_all();
}

void fake_launch_say_many(size_t count, size_t len)
{
    feed.repeated = count;
    feed.repeated_len = len;
    wake_all();
}

void fake_launch_end(void)
{
    feed.ended = true;
    wake_all();
}

struct launch *launch_start(struct launches *all, const struct launch_request *request)
{
    snprintf(fake_launch_asked, sizeof fake_launch_asked, "%s %s accept=%s origin=%s", request->provider, request->spec,
             request->accept ? request->accept : "(none)", request->origin);
    return &feed;
}

bool launch_find(struct launches *all, const struct launch_request *request, struct launch_place *out)
{
    if (!request->last_event_id)
        return false;
    *out = (struct launch_place){.after = (uint64_t)atoi(request->last_event_id)};
    out->launch = feed.ended && out->after == feed.said ? NULL : &feed;
    return true;
}

struct launch_reader *launch_reader_new(const struct launch_place *from, const char *address, void (*wake)(void *arg),
                                        void *arg)
{
    struct launch_reader *r = mem_zero(1, sizeof *r);

    snprintf(fake_launch_address, sizeof fake_launch_address, "%s", address ? address : "(none)");
    *r = (struct launch_reader){.at = from->after, .wake = wake, .arg = arg};
    list_add(&readers, &r->node);
    fake_launch_readers++;
    return r;
}

void launch_reader_free(struct launch_reader **r)
{
    list_remove(&(*r)->node);
    free(*r);
    *r = NULL;
    fake_launch_readers--;
}

static bool add_next(struct launch_reader *r, struct buf *out)
{
    cleanup_free char *made = NULL;
    const char *event;

    if (r->at < feed.said) {
        event = feed.events[r->at];
    } else {
        made = mem_format("data: %0*zu\n\n", (int)feed.repeated_len - 8, r->at);
        event = made;
    }
    if (out->len + strlen(event) > out->limit)
        return false;
    buf_add_text(out, event);
    fake_launch_bytes_handed += strlen(event);
    r->at++;
    return true;
}

enum launch_read launch_reader_read(struct launch_reader *r, struct buf *out)
{
    while (r->at < feed.said + feed.repeated)
        if (!add_next(r, out))
            return LAUNCH_READ_MORE;
    return feed.ended ? LAUNCH_READ_END : LAUNCH_READ_WAIT;
}
