/* Any bytes as ignore rules, behind a line with the path that they are asked about. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice rest = {(const char *)bytes, len}, first = slice_cut(&rest, '\n');
    cleanup_free char *path = mem_copy(first.at, first.len < 256 ? first.len : 256),
                      *text = mem_copy(rest.at, rest.len);
    cleanup_free char *below = mem_format("%s/below", path);
    cleanup_ignore struct ignore *rules = NULL;
    bool left_out;
    struct err e;

    if (ignore_new(&rules, text, &e) < 0) {
        demand(e.code == ERR_PLAN_FILE && !rules);
        return 0;
    }
    left_out = ignore_matches(rules, path);
    demand(left_out == ignore_matches(rules, path));
    /* Nothing below a folder that is left out comes back but by a rule that takes back. */
    demand(!left_out || !path[0] || !ignore_is_final(rules) || ignore_matches(rules, below));
    return 0;
}
