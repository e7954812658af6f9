/* The private folder of one fetch: where git's bytes lie, and how large they have become. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define FOLDERS_OPEN 16 /* descriptors that nftw(3) may hold; deeper folders cost it time, nothing else */

int folder_make(char **out, struct err *e)
{
    const char *below = getenv("RB_FETCH_DIR");
    cleanup_free char *path = mem_format("%s/fetch-XXXXXX", below ? below : "/tmp");

    if (!mkdtemp(path)) /* mode 0700 */
        return err_set_errno(e, ERR_SYSTEM, "making a folder below %s", below ? below : "/tmp");
    *out = STEAL(path);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)where;
    /* Not remove(3): that tries unlink(2) first, which a sandbox refuses for the folder itself (sandbox.h). */
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

void folder_remove(char **folder)
{
    if (!*folder)
        return;
    nftw(*folder, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
    free(STEAL(*folder));
}

static int64_t summed; /* nftw(3) hands its function no argument of ours */

static int sum_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)path, (void)where;
    if (type == FTW_F)
        summed += st->st_size;
    return 0;
}

int64_t folder_size(const char *folder)
{
    summed = 0;
    nftw(folder, sum_one, FOLDERS_OPEN, FTW_PHYS);
    return summed;
}
