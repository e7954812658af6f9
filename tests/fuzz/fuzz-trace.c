/* Whatever an engine's build may tell. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>

#include "engine/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void take_line(void *arg, const char *text, size_t len)
{
    if (len > TRACE_LINE_MAX)
        abort();
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n')
            abort();
}

static void take_image(void *arg, struct slice name, bool frontend)
{
    struct slice trimmed = slice_trim(name);

    if (trimmed.len != name.len || name.len > UINT16_MAX)
        abort();
}

/* Records one after another, each behind two bytes of length: what a build tells comes in many. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct trace *trace = trace_new(&(struct trace_listener){.line = take_line, .image = take_image});
    struct err e;

    while (len >= 2) {
        size_t record = (size_t)bytes[0] << 8 | bytes[1];

        bytes += 2;
        len -= 2;
        if (record > len)
            record = len;
        if (trace_add(trace, bytes, record, &e) < 0 && e.code != ERR_TRACE_MALFORMED)
            abort();
        bytes += record;
        len -= record;
    }
    trace_end(trace);
    trace_free(&trace);
    return 0;
}
