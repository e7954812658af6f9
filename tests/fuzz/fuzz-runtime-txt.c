/* Any bytes as runtime.txt: its parts are there, or there is a sentence. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/runtime_txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check(struct slice part)
{
    demand(!part.len || !memchr(part.at, '-', part.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct runtime_txt runtime;
    struct err e;

    if (runtime_txt_read(&runtime, "runtime.txt", (struct slice){(const char *)bytes, len}, &e) < 0) {
        demand(strncmp(e.text, "runtime.txt:1: ", 15) == 0);
        return 0;
    }
    demand(runtime.there && runtime.name.len && (runtime.version.len || runtime.date.len));
    demand(!runtime.date.len || runtime.date.len == strlen("2026-01-31"));
    check(runtime.name);
    check(runtime.version);
    return 0;
}
