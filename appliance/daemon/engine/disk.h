/* Free space on the disks that builds fill. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_DISK_H
#define ENGINE_DISK_H

#include <stdint.h>

#include "base/err.h"

struct disk_floor {
    int64_t bytes; /* that have to be free */
    int percent;   /* of the disk, the same: the larger of the two counts */
};

/* Whether the disk that `path` lies on has more free than that, for us (f_bavail). One that cannot be asked, such as
 * the folder of an engine on another machine, has. Errors: ERR_DISK_LOW, with a text for the visitor. */
int disk_check(const char *path, const struct disk_floor *floor, struct err *e) ERR_CHECKED;

#endif
