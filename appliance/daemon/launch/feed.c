/* The feed of a launch: events are encoded once, log lines stay in the build's log. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/feed.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "launch/text.h"

void feed_init(struct feed *f)
{
    *f = (struct feed){0};
    list_init(&f->watchers);
}

void feed_drop_logs(struct feed *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].log)
            build_log_release(&f->items[i].log);
}

void feed_free(struct feed *f)
{
    feed_drop_logs(f);
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i].event);
    feed_init(f);
}

static void add(struct feed *f, struct feed_item item)
{
    item.number = f->number;
    f->items[f->count++] = item;
    watch_wake_all(&f->watchers);
}

void feed_step(struct feed *f, unsigned n)
{
    uint64_t number = n * FEED_STEP;

    if (number > f->number)
        f->number = number;
}

void feed_add(struct feed *f, char *event)
{
    f->number++;
    if (f->count < FEED_MAX - 1)
        add(f, (struct feed_item){.event = event});
    else
        free(event);
}

void feed_add_last(struct feed *f, char *event, bool open)
{
    f->number = FEED_LAST;
    if (f->count < FEED_MAX)
        add(f, (struct feed_item){.event = event, .open = open});
    else
        free(event);
}

/* The log's numbers begin at the same one whatever stood before it in its step. */
void feed_add_log(struct feed *f, struct build_log *log)
{
    if (f->count == FEED_MAX - 1)
        return;
    f->number = (f->number / FEED_STEP + 1) * FEED_STEP;
    add(f, (struct feed_item){.log = build_log_hold(log)});
    f->number += FEED_STEP / 2;
}

/* ---- reading ---- */

/*
 * A frame is "id: ", the feed's id, '-' and the event's number, then "data: " and the event, then an empty line
 * (contract 2.1, decisions 31). Two hundred readers of one log are framed this often: one reservation, no formatting.
 */
#define NUMBER_DIGITS 20
static const char id_begin[] = "id: ", data_begin[] = "\ndata: ", frame_end[] = "\n\n";
#define FRAME_BYTES (sizeof id_begin + ID_TEXT + NUMBER_DIGITS + sizeof data_begin + sizeof frame_end)

static char *put(char *to, const void *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[NUMBER_DIGITS];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(to, digits + at, sizeof digits - at);
}

/* An event with up to two halves. False: it does not fit. */
static bool add_frame(const struct feed *f, uint64_t number, struct slice event, struct slice ending, struct buf *out)
{
    char *begin = buf_reserve(out, event.len + ending.len + FRAME_BYTES), *to = begin;

    if (!begin) {
        out->full = false;
        return false;
    }
    to = put(to, id_begin, sizeof id_begin - 1);
    to = put(to, f->id, ID_TEXT - 1);
    *to++ = '-';
    to = put_number(to, number);
    to = put(to, data_begin, sizeof data_begin - 1);
    to = put(to, event.at, event.len);
    to = put(to, ending.at, ending.len);
    to = put(to, frame_end, sizeof frame_end - 1);
    buf_added(out, (size_t)(to - begin));
    return true;
}

static struct build_log_cursor log_cursor(const struct feed_item *item, const struct feed_cursor *cursor)
{
    uint64_t at = cursor->number > item->number ? cursor->number - item->number : 0;

    return (struct build_log_cursor){.at = at, .caught_up = cursor->caught_up};
}

/* Lines of the log into frames; `out` is empty, and has room for what one read gives. False: nothing new. */
static bool read_log(const struct feed *f, const struct feed_item *item, struct feed_cursor *cursor, struct buf *out)
{
    cleanup_buf struct buf lines = BUF_OF(BUILD_LOG_LINE_MAX);
    struct build_log_cursor log = log_cursor(item, cursor);
    const char *at, *end, *behind;
    bool news = build_log_read(item->log, &log, &lines);

    *cursor = (struct feed_cursor){.number = item->number + log.at, .caught_up = log.caught_up};
    if (!news)
        return false;
    if (lines.len * 2 < out->limit)
        buf_reserve(out, lines.len * 2); /* once, not by doubling */
    at = lines.bytes;
    behind = at + lines.len;
    while ((end = memchr(at, '\n', (size_t)(behind - at)))) {
        uint64_t number = cursor->number - (uint64_t)(behind - (end + 1));

        add_frame(f, number, (struct slice){at, (size_t)(end - at)}, slice_of(""), out);
        at = end + 1;
    }
    return true;
}

static bool add_event(const struct feed *f, const struct feed_item *item, const char *address, struct buf *out)
{
    cleanup_free char *ending = item->open ? text_ready_end(address) : NULL;

    return add_frame(f, item->number, slice_of(item->event), slice_of(ending ? ending : ""), out);
}

/* The first item that has something behind the cursor, or will have; NULL: none. */
static const struct feed_item *item_at(const struct feed *f, const struct feed_cursor *cursor)
{
    for (const struct feed_item *item = f->items; item < f->items + f->count; item++) {
        uint64_t last = item->event ? item->number : item->number + FEED_STEP / 2;

        if (cursor->number < last && (item->event || item->log))
            return item;
    }
    return NULL;
}

bool feed_read(const struct feed *f, struct feed_cursor *cursor, const char *address, struct buf *out)
{
    const struct feed_item *item;

    while ((item = item_at(f, cursor))) {
        if (item->log && (out->len || read_log(f, item, cursor, out)))
            return true;
        if (item->log && item == &f->items[f->count - 1])
            return false; /* its place is left when no line is unread and something stands behind it */
        if (item->event && !add_event(f, item, address, out))
            return true;
        cursor->number = item->event ? item->number : item->number + FEED_STEP / 2;
    }
    return false;
}

struct build_log *feed_log_at(const struct feed *f, const struct feed_cursor *cursor)
{
    const struct feed_item *item = item_at(f, cursor);

    return item ? item->log : NULL;
}
