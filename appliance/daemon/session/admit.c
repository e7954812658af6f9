/* Whether one more session has room in this machine's memory. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/admit.h"

#include "engine/ledger.h"
#include "session/room.h"

#define MIB (1 << 20)

void admit_claim(struct sessions *all)
{
    int64_t count = (int64_t)(all->live + all->reserved);

    ledger_claim(all->parts.ledger, LEDGER_SESSIONS, count * all->settings.memory_guarantee_bytes);
}

size_t session_places(const struct sessions *all)
{
    int64_t left = ledger_left(all->parts.ledger), each = all->settings.memory_guarantee_bytes;

    if (!each || all->parts.ledger->total == INT64_MAX)
        return SIZE_MAX;
    return left > 0 ? (size_t)(left / each) : 0;
}

int session_check_place(const struct sessions *all, struct err *e)
{
    const struct ledger *ledger = all->parts.ledger;

    if (session_places(all))
        return 0;
    return err_set(
        e, ERR_SESSION_FULL,
        "of the %lld MiB that sessions and builds may have here, %lld are promised to %zu sessions, %lld are "
        "in use by builds, and one more session takes %lld",
        (long long)ledger->total / MIB, (long long)ledger->used[LEDGER_SESSIONS] / MIB, all->live + all->reserved,
        (long long)ledger->used[LEDGER_BUILDS] / MIB, (long long)all->settings.memory_guarantee_bytes / MIB);
}

int session_reserve(struct sessions *all, struct err *e)
{
    if (session_check_place(all, e) < 0)
        return -1;
    all->reserved++;
    admit_claim(all);
    return 0;
}

void session_unreserve(struct sessions *all)
{
    all->reserved--;
    admit_claim(all);
}
