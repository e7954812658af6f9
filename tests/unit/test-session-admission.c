/* Who is let in: the machine's memory is promised to as many as it has room for (decisions 19), and to nobody else. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/str.h"
#include "fake/session_daemon.h"
#include "tap.h"

#define MIB INT64_C(1048576)
#define GUARANTEE (450 * MIB) /* session_daemon.c's */

static void the_reserve(void)
{
    struct ledger l;

    ledger_init(&l, 4096 * MIB, &(struct ledger_reserve){1024 * MIB, 10});
    is_number(ledger_left(&l) / MIB, 3072, "a small machine keeps 1 GiB for itself");
    ledger_init(&l, 65536 * MIB, &(struct ledger_reserve){1024 * MIB, 10});
    is_number(ledger_left(&l) / MIB, 58982, "a large one a tenth");
    is_number(ledger_within(&l, 2048 * MIB, 64 * MIB) / MIB, 2048, "where a build may have what it wants");
    ledger_init(&l, 2048 * MIB, &(struct ledger_reserve){1024 * MIB, 10});
    is_number(ledger_within(&l, 2048 * MIB, 64 * MIB) / MIB, 1024, "on a small one it has what there is");
    ledger_init(&l, 512 * MIB, &(struct ledger_reserve){1024 * MIB, 10});
    is_number(ledger_left(&l), 0, "one that is too small has nothing to promise");
    is_number(ledger_within(&l, 2048 * MIB, 64 * MIB) / MIB, 64, "and a build's limit does not become none for that");
    ledger_init(&l, 0, &(struct ledger_reserve){1024 * MIB, 10});
    ok(ledger_left(&l) > INT64_C(1) << 60, "one that does not say what it has is not limited");
    ok(ledger_machine_bytes() > 64 * MIB, "this one says it");
}

static void as_many_as_fit(void)
{
    struct waiter w[3];
    struct err e;

    machine_bytes = 2 * GUARANTEE + GUARANTEE / 2;
    daemon_starts();
    run_for(10);
    is_number((long long)session_places(all), 2, "two sessions fit");
    running(&w[0], 1);
    starts(&w[1], 2);
    is_number((long long)session_places(all), 0, "one that starts counts as one that runs");
    starts(&w[2], 3);
    run_for(1);
    ok(w[2].calls == 1 && w[2].e.code == ERR_SESSION_FULL, "the third is refused at once: %s", w[2].e.text);
    ok(strstr(w[2].e.text, "1125 MiB") && strstr(w[2].e.text, "2 sessions"), "and the journal will say why");
    run_for(100);
    ok(w[1].calls == 1 && !w[1].e.code, "the second is let in");
    is_number((long long)fake_engine.count, 2, "nothing is made of the third");
    session_cause(session_find(all, w[0].door.name), SESSION_ENDED, NULL);
    is_number((long long)session_places(all), 1, "one that has ended has no claim");
    ok(session_check_place(all, &e) == 0, "so there is a place");
    starts(&w[2], 3);
    run_for(100);
    ok(w[2].calls == 1 && !w[2].e.code, "and the third is let in");
    daemon_restarts();
    is_number((long long)session_places(all), 0, "what runs counts after a restart, too");
    machine_bytes = GUARANTEE;
    daemon_restarts();
    run_for(100);
    ok(session_places(all) == 0 && session_count(all) == 2, "with less memory nobody is put out, and nobody let in");
    daemon_ends();
    machine_bytes = 0;
}

static void kept_places(void)
{
    struct waiter w;
    struct err e;

    machine_bytes = GUARANTEE;
    daemon_starts();
    run_for(10);
    ok(session_reserve(all, &e) == 0 && session_places(all) == 0, "who waits for his start has his place");
    ok(session_reserve(all, &e) < 0 && e.code == ERR_SESSION_FULL, "which nobody else gets");
    session_unreserve(all);
    starts(&w, 1);
    run_for(100);
    ok(w.calls == 1 && !w.e.code, "until he takes it");
    daemon_ends();
    machine_bytes = 0;
}

static void builds_count(void)
{
    struct waiter w;

    machine_bytes = 2 * GUARANTEE;
    daemon_starts();
    run_for(10);
    ledger_claim(&ledger, LEDGER_BUILDS, GUARANTEE);
    is_number((long long)session_places(all), 1, "the limit of a running build is taken");
    running(&w, 1);
    starts(&w, 2);
    run_for(1);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_FULL && strstr(w.e.text, "450 are in use by builds"),
       "and is named where there is no room");
    ledger_claim(&ledger, LEDGER_BUILDS, 0);
    is_number((long long)session_places(all), 1, "until the build ends");
    daemon_ends();
    machine_bytes = 0;
}

static void no_limit(void)
{
    daemon_starts();
    run_for(10);
    ok(session_places(all) == SIZE_MAX, "a machine of unknown size has no limit");
    daemon_ends();
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    the_reserve();
    as_many_as_fit();
    kept_places();
    builds_count();
    no_limit();
    session_daemon_end();
    return tap_end();
}
