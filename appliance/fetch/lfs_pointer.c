/* What stands in a repository for a large file: a Git LFS pointer. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/lfs_pointer.h"

/* "key value\n" at the front of *rest; its value. */
static bool line_of(struct slice *value, struct slice *rest, const char *key)
{
    struct slice line;

    if (!memchr(rest->at, '\n', rest->len))
        return false;
    line = slice_cut(rest, '\n');
    if (!slice_is(slice_cut(&line, ' '), key))
        return false;
    *value = line;
    return true;
}

bool lfs_pointer_read(struct lfs_pointer *out, struct slice blob)
{
    struct slice value;
    uint8_t bytes[32];

    if (blob.len >= LFS_POINTER_MAX || !line_of(&value, &blob, "version") ||
        !slice_is(value, "https://git-lfs.github.com/spec/v1"))
        return false;
    while (slice_starts(blob, "ext-")) /* of the author's own tools; their keys stand before oid */
        slice_cut(&blob, '\n');
    if (!line_of(&value, &blob, "oid") || !slice_starts(value, "sha256:"))
        return false;
    value = slice_from(value, sizeof "sha256:" - 1);
    if (!str_unhex(bytes, sizeof bytes, value))
        return false;
    str_hex(out->oid, bytes, sizeof bytes);
    return line_of(&value, &blob, "size") && str_number(&out->size, value, INT64_MAX / 2);
}
