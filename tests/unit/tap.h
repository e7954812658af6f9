/* The Test Anything Protocol in a page: ok() lines, and a plan at the end. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

/* One behaviour, named by a sentence. Returns `holds`, so that a test may stop where going on makes no sense. */
__attribute__((format(printf, 2, 3))) static inline bool ok(bool holds, const char *sentence, ...)
{
    va_list args;

    printf("%sok %d - ", holds ? "" : "not ", ++tap_count);
    va_start(args, sentence);
    vprintf(sentence, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    tap_failures += !holds;
    return holds;
}

/* Two strings; says both where they differ. */
static inline bool is(const char *got, const char *want, const char *sentence)
{
    bool same = got && want ? strcmp(got, want) == 0 : got == want;

    ok(same, "%s", sentence);
    if (!same)
        printf("# got:  %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
    return same;
}

/* Two numbers. */
static inline bool is_number(long long got, long long want, const char *sentence)
{
    ok(got == want, "%s", sentence);
    if (got != want)
        printf("# got:  %lld\n# want: %lld\n", got, want);
    return got == want;
}

/* The last line of main(): `return tap_end();`. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures ? 1 : 0;
}

#endif
