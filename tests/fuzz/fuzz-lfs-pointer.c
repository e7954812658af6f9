/* Any bytes as a file that may be a Git LFS pointer. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/lfs_pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* Its name becomes a path: nothing but its digits may be in it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct lfs_pointer pointer;

    if (!lfs_pointer_read(&pointer, (struct slice){(const char *)bytes, len}))
        return 0;
    demand(len < LFS_POINTER_MAX);
    demand(strlen(pointer.oid) == 64 && strspn(pointer.oid, "0123456789abcdef") == 64);
    demand(pointer.size <= INT64_MAX / 2);
    return 0;
}
