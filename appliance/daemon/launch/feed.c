/* The feed of a launch: events are encoded once, log lines stay in the build's log. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/feed.h"

#include <string.h>

#include "base/cleanup.h"
#include "build/log.h"
#include "launch/text.h"

/* A frame is "data: ", one line, and an empty line (contract 2.1). */
static const char frame_begin[] = "data: ", frame_end[] = "\n\n";
#define FRAME_BYTES (sizeof frame_begin + sizeof frame_end - 2)

void feed_init(struct feed *f)
{
    *f = (struct feed){0};
    list_init(&f->watchers);
}

void feed_free(struct feed *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].event);
        if (f->items[i].log)
            build_log_release(&f->items[i].log);
    }
    feed_init(f);
}

static void add(struct feed *f, struct feed_item item)
{
    f->items[f->count++] = item;
    watch_wake_all(&f->watchers);
}

void feed_add(struct feed *f, char *event)
{
    if (f->count < FEED_MAX - 1)
        add(f, (struct feed_item){.event = event});
    else
        free(event);
}

void feed_add_last(struct feed *f, char *event, bool open)
{
    if (f->count < FEED_MAX)
        add(f, (struct feed_item){.event = event, .open = open});
    else
        free(event);
}

void feed_add_log(struct feed *f, struct build_log *log)
{
    if (f->count < FEED_MAX - 1)
        add(f, (struct feed_item){.log = build_log_hold(log)});
}

static bool frame_fits(const struct buf *out, size_t len)
{
    return len + FRAME_BYTES <= out->limit - out->len;
}

static void add_frame(struct buf *out, const char *line, size_t len, const char *ending)
{
    buf_add(out, frame_begin, sizeof frame_begin - 1);
    buf_add(out, line, len);
    buf_add_text(out, ending);
    buf_add(out, frame_end, sizeof frame_end - 1);
}

/* Lines of the log into frames; `out` is empty, and the scratch so small that their frames fit. False: nothing new. */
static bool read_log(struct build_log *log, struct feed_cursor *cursor, struct buf *out)
{
    cleanup_buf struct buf lines = BUF_OF(out->limit / 4 * 3);
    const char *at, *end;

    if (!build_log_read(log, &cursor->log_at, &lines))
        return false;
    at = lines.bytes;
    while ((end = memchr(at, '\n', (size_t)(lines.bytes + lines.len - at)))) {
        add_frame(out, at, (size_t)(end - at), "");
        at = end + 1;
    }
    return true;
}

static bool add_event(const struct feed_item *item, const char *address, struct buf *out)
{
    cleanup_free char *ending = item->open ? text_ready_end(address) : NULL;
    size_t len = strlen(item->event);

    if (!frame_fits(out, len + (ending ? strlen(ending) : 0)))
        return false;
    add_frame(out, item->event, len, ending ? ending : "");
    return true;
}

bool feed_read(const struct feed *f, struct feed_cursor *cursor, const char *address, struct buf *out)
{
    while (cursor->at < f->count) {
        const struct feed_item *item = &f->items[cursor->at];

        if (item->log && (out->len || read_log(item->log, cursor, out)))
            return true;
        if (item->log && cursor->at + 1 == f->count)
            return false; /* its place is left when no line is unread and something stands behind it */
        if (item->event && !add_event(item, address, out))
            return true;
        *cursor = (struct feed_cursor){.at = cursor->at + 1};
    }
    return false;
}

struct build_log *feed_log_at(const struct feed *f, const struct feed_cursor *cursor)
{
    return cursor->at < f->count ? f->items[cursor->at].log : NULL;
}
