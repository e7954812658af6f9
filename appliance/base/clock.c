/* Two clocks: monotonic for limits, UTC for the record. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_read(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
    return clock_read(CLOCK_BOOTTIME);
}

int64_t clock_utc_ms(void)
{
    return clock_read(CLOCK_REALTIME);
}

const char *clock_text(char text[CLOCK_TEXT], int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + 19, CLOCK_TEXT - 19, ".%03uZ", (unsigned)(utc_ms % 1000));
    return text;
}

/* Names of days and months are English: no program of ours sets a locale. */
const char *clock_http_now(void)
{
    static char text[sizeof "Tue, 24 Nov 2026 12:00:00 GMT"];
    static time_t written;
    time_t now = time(NULL);
    struct tm parts;

    if (now != written && gmtime_r(&now, &parts)) {
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        written = now;
    }
    return text;
}
