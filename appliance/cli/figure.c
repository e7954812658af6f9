/* Times and sizes as people read them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/figure.h"

#include <inttypes.h>
#include <time.h>

#include "base/str.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define COUNT_MAX 1000000 /* of a span's units */

void figure_span(struct buf *out, int64_t ms)
{
    int64_t s = ms / 1000;

    if (ms < 0)
        return;
    if (s < MINUTE)
        buf_add_format(out, "%" PRId64 "s", s);
    else if (s < HOUR)
        buf_add_format(out, "%" PRId64 "m", s / MINUTE);
    else if (s < DAY)
        buf_add_format(out, "%" PRId64 "h%" PRId64 "m", s / HOUR, s % HOUR / MINUTE);
    else
        buf_add_format(out, "%" PRId64 "d%" PRId64 "h", s / DAY, s % DAY / HOUR);
}

void figure_size(struct buf *out, int64_t bytes)
{
    static const char units[] = "KMGTP";
    double size = (double)bytes;
    size_t unit = 0;

    if (bytes < 0)
        return;
    if (bytes < 1024) {
        buf_add_format(out, "%" PRId64, bytes);
        return;
    }
    for (size /= 1024; size >= 1023.5 && unit + 1 < strlen(units); size /= 1024)
        unit++;
    buf_add_format(out, size < 9.95 && unit ? "%.1f%c" : "%.0f%c", size, units[unit]);
}

static int64_t span_seconds(struct slice text)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', MINUTE}, {'h', HOUR}, {'d', DAY}};
    uint64_t count;

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text.len > 1 && text.at[text.len - 1] == units[i].unit &&
            str_number(&count, (struct slice){text.at, text.len - 1}, COUNT_MAX))
            return (int64_t)count * units[i].seconds;
    return -1;
}

int64_t figure_since(const char *text, int64_t now_ms)
{
    static const char *const shapes[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
    int64_t span = span_seconds(slice_of(text));

    if (span >= 0)
        return now_ms - span * 1000;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct tm parts = {0};
        const char *end = strptime(text, shapes[i], &parts);

        if (end && (!*end || str_is(end, "Z")))
            return (int64_t)timegm(&parts) * 1000;
    }
    return -1;
}
