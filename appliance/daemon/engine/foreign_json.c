/* JSON of the engine's, which strangers' Dockerfiles have written into. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/foreign_json.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static const char nul[] = "\\u0000";
#define NUL_LEN (sizeof nul - 1)

/* A backslash and what it escapes are two bytes, so that the second of "\\u0000"'s is no beginning. */
static void replace_nul(char *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (bytes[i] != '\\')
            continue;
        if (len - i >= NUL_LEN && !memcmp(bytes + i, nul, NUL_LEN))
            memcpy(bytes + i, "\\ufffd", NUL_LEN);
        i++;
    }
}

json_t *foreign_json(const char *bytes, size_t len, json_error_t *where)
{
    cleanup_free char *copy = NULL;

    if (!memmem(bytes, len, nul, NUL_LEN))
        return json_loadb(bytes, len, 0, where);
    copy = mem_copy(bytes, len);
    replace_nul(copy, len);
    return json_loadb(copy, len, 0, where);
}
