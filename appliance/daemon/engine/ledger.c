/* The memory of this machine that sessions and builds may have, and who has a claim to how much of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ledger.h"

#include <stdio.h>

#include "base/cleanup.h"

#define BYTES_PER_KIB 1024

void ledger_init(struct ledger *l, int64_t machine_bytes, const struct ledger_reserve *reserve)
{
    int64_t part = machine_bytes / 100 * reserve->percent;
    int64_t kept = part > reserve->bytes ? part : reserve->bytes;

    *l = (struct ledger){.total = INT64_MAX};
    if (machine_bytes > 0)
        l->total = machine_bytes > kept ? machine_bytes - kept : 0;
    list_init(&l->watchers);
}

int64_t ledger_left(const struct ledger *l)
{
    int64_t left = l->total;

    for (int i = 0; i < LEDGER_USES; i++)
        left -= l->used[i];
    return left;
}

int64_t ledger_within(const struct ledger *l, int64_t bytes, int64_t least)
{
    if (bytes <= l->total)
        return bytes;
    return l->total > least ? l->total : least;
}

void ledger_claim(struct ledger *l, enum ledger_use use, int64_t bytes)
{
    int64_t before = l->used[use];

    l->used[use] = bytes;
    if (bytes < before)
        watch_wake_all(&l->watchers);
}

void ledger_watch(struct ledger *l, struct watch *w)
{
    watch_begin(&l->watchers, w);
}

int64_t ledger_machine_bytes(void)
{
    cleanup_file FILE *file = fopen("/proc/meminfo", "re");
    long long kib = 0;

    if (!file || fscanf(file, "MemTotal: %lld kB", &kib) != 1)
        return 0;
    return kib * BYTES_PER_KIB;
}
