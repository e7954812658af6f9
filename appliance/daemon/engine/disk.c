/* Free space on the disks that builds fill. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/disk.h"

#include <sys/statvfs.h>

#define GIB ((double)(1 << 30))

int disk_check(const char *path, const struct disk_floor *floor, struct err *e)
{
    struct statvfs disk;
    double free_bytes, wanted;

    if (!path[0] || statvfs(path, &disk) < 0)
        return 0;
    free_bytes = (double)disk.f_bavail * (double)disk.f_frsize;
    wanted = (double)disk.f_blocks * (double)disk.f_frsize * floor->percent / 100;
    if (wanted < (double)floor->bytes)
        wanted = (double)floor->bytes;
    if (free_bytes >= wanted)
        return 0;
    return err_set(e, ERR_DISK_LOW,
                   "this machine has only %.1f GiB of disk left, and new images are not built below %.1f GiB; what was "
                   "built before can be launched",
                   free_bytes / GIB, wanted / GIB);
}
