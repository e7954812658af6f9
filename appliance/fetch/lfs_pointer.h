/* What stands in a repository for a large file: a Git LFS pointer. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_LFS_POINTER_H
#define FETCH_LFS_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define LFS_POINTER_MAX 1024 /* bytes: a file of so many or more is none (git-lfs, docs/spec.md) */

struct lfs_pointer {
    char oid[65];  /* SHA-256, lower case */
    uint64_t size; /* at most INT64_MAX / 2 */
};

/* False for what is none. Pure. */
bool lfs_pointer_read(struct lfs_pointer *out, struct slice blob);

#endif
