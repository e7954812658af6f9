/* Two clocks: monotonic for limits, UTC for the record. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT 25 /* "2026-11-24T12:00:00.000Z" and a NUL */

/* Milliseconds since boot; goes on while the machine sleeps (CLOCK_BOOTTIME). Limits in the daemon use loop_now(). */
int64_t clock_ms(void);
/* Milliseconds since 1970, UTC. */
int64_t clock_utc_ms(void);
/* RFC 3339 with milliseconds; returns `text`. */
const char *clock_text(char text[CLOCK_TEXT], int64_t utc_ms);
/* Now, as a field of HTTP has it (RFC 9110, section 5.6.7): "Tue, 24 Nov 2026 12:00:00 GMT". Written once a second;
 * good until the next call. */
const char *clock_http_now(void);

#endif
