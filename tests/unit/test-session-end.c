/* How sessions end: idle, too old, for want of memory, by themselves; and what their rows say then. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/str.h"
#include "fake/session_daemon.h"
#include "tap.h"

static void idle_ends(void)
{
    struct waiter w;
    struct session *s;

    daemon_starts();
    run_for(10);
    s = running(&w, 1);
    run_for(IDLE_MS - SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "within the limit it stays");
    is_number(server.for_kernels, 0, "and is not asked");
    server.kernels = "[{\"execution_state\":\"busy\"}]";
    run_for(2 * SWEEP_MS);
    ok(session_state(s) == SESSION_RUNNING && server.for_kernels == 1, "at the limit it is asked for its kernels");
    ok(str_starts(server.header, "Authorization: token ") && str_ends(server.header, w.door.token), "with its token");
    server.kernels = "[{\"execution_state\":\"idle\"}]";
    run_for(IDLE_MS - SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "one that was busy has its whole time again");
    fake_engine.cpu_us = INT64_C(3) * 1000 * 1000;
    run_for(2 * SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "so has one whose processor worked");
    run_for(IDLE_MS + SWEEP_MS);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_IDLE, "then it ends as idle: %s", row_of(1).text);
    is_number((long long)fake_engine.count, 0, "and its container with it");
    s = running(&w, 2);
    server.kernels = NULL;
    run_for(IDLE_MS + 3 * SWEEP_MS);
    is_number(session_state(s), SESSION_GONE, "a server that does not answer the question is not at work");
    daemon_ends();
}

static void age_ends(void)
{
    struct store_session row;
    struct waiter w;
    struct session *s;
    struct err e;

    daemon_starts();
    run_for(10);
    s = running(&w, 1);
    server.kernels = "[{\"execution_state\":\"busy\"}]";
    run_for(AGE_MS - SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "a busy session lives up to its maximum age");
    run_for(2 * SWEEP_MS);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_AGED, "and no longer: %s", row_of(1).text);
    s = running(&w, 2);
    row = row_of(2);
    row.created -= AGE_MS - 3 * SWEEP_MS;
    if (store_session_put(store, &row, &e) < 0)
        printf("# %s\n", e.text);
    daemon_restarts();
    s = session_find(all, w.door.name);
    run_for(SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "the age goes on");
    run_for(3 * SWEEP_MS);
    is_number(session_state(s), SESSION_GONE, "over a restart");
    daemon_ends();
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    idle_ends();
    age_ends();
    session_daemon_end();
    return tap_end();
}
