/* How sessions end: idle, too old, for want of memory, by themselves; and what their rows say then. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <unistd.h>

#include "base/str.h"
#include "fake/session_daemon.h"
#include "tap.h"

static int gateway_comes(void)
{
    int fd = gateway_connects();

    gateway_says(fd, &hello);
    return fd;
}

/* A gateway's report: somebody typed that long ago. */
static void reports(int fd, const struct session *s, uint32_t input_ms)
{
    struct wire_message m = {.kind = WIRE_ACTIVITY, .input_ms = input_ms};

    str_copy(m.name, sizeof m.name, s->name);
    gateway_says(fd, &m);
}

static void idle_ends(void)
{
    struct waiter w;
    struct session *s;
    int fd;

    daemon_starts();
    run_for(10);
    fd = gateway_comes();
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
    close(fd);
    daemon_ends();
}

static void who_comes_back_in_time(void)
{
    struct waiter w;
    struct session *s;
    int fd;

    daemon_starts();
    run_for(10);
    fd = gateway_comes();
    s = running(&w, 1);
    run_for(5000);
    reports(fd, s, 0);
    run_for(IDLE_MS + ACTIVITY_MS + 500); /* a look at the sessions falls into this time */
    reports(fd, s, ACTIVITY_MS + 1000);
    run_for(3 * SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "who came back within the limit is not cut, however late it is told");
    run_for(IDLE_MS - 4 * SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "and has the whole limit again");
    run_for(3 * SWEEP_MS);
    is_number(session_state(s), SESSION_GONE, "but no more");
    close(fd);
    daemon_ends();
}

static void without_a_gateway(void)
{
    struct waiter w;
    struct session *s;
    int fd;

    daemon_starts();
    run_for(10);
    fd = gateway_comes();
    s = running(&w, 1);
    close(fd);
    run_for(2 * IDLE_MS);
    is_number(session_state(s), SESSION_RUNNING, "as long as no gateway is there, nobody is called idle");
    fd = gateway_comes();
    reports(fd, s, 10000);
    run_for(IDLE_MS - SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "one that comes back tells who was there meanwhile");
    run_for(2 * SWEEP_MS);
    is_number(session_state(s), SESSION_GONE, "and since when nobody is");
    close(fd);
    daemon_ends();
}

/* Decisions 6: who was at work is not known after a restart, until the gateway has told. */
static void grace_after_a_restart(void)
{
    struct waiter w;
    struct session *s;
    int fd;

    idle_ms = GRACE_MS / 2;
    daemon_starts();
    run_for(10);
    running(&w, 1);
    daemon_restarts();
    fd = gateway_comes();
    s = session_find(all, w.door.name);
    run_for(100);
    reports(fd, s, GRACE_MS);
    run_for(GRACE_MS - SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "after a restart nobody is idle for its grace");
    run_for(2 * SWEEP_MS);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_IDLE, "after that he is");
    close(fd);
    daemon_ends();
    idle_ms = IDLE_MS;
}

static void gone_with(const struct session *s, enum err_code code, const char *text)
{
    struct store_session row = row_of(1);

    ok(session_state(s) == SESSION_GONE && s->code == code && row.code == (int)code, "it ends under its code");
    is(row.text, text, "its row has the sentence for its page");
    ok(row.ended > 0 && row.ended >= row.answered, "and when that was");
    run_for(1000);
    is_number((long long)fake_engine.count, 0, "the container is removed");
    daemon_ends();
}

static struct session *one_that_runs(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    return running(&w, 1);
}

static void containers_that_end(void)
{
    struct session *s = one_that_runs();

    fake_engine_kill(&s->container);
    run_for(500);
    gone_with(s, ERR_SESSION_MEMORY, "it needed more than the 2048 MiB of memory that a session has here");
    s = one_that_runs();
    fake_engine_exit(&s->container, 137);
    run_for(500);
    gone_with(s, ERR_SESSION_EXITED, "the notebook server was killed");
    s = one_that_runs();
    fake_engine_exit(&s->container, 3);
    run_for(500);
    gone_with(s, ERR_SESSION_EXITED, "the notebook server ended by itself, with code 3");
    s = one_that_runs();
    fake_engine_prune(&s->container);
    run_for(500);
    gone_with(s, ERR_SESSION_LOST, "the container was removed from outside");
}

static void ended_by_its_operator(void)
{
    struct session *s = one_that_runs();
    struct err why;

    fake_engine.hold[FAKE_LOOK] = true;
    fake_engine_exit(&s->container, 3);
    run_for(500);
    is_number(session_state(s), SESSION_RUNNING, "(the engine has not said yet how the container ended)");
    err_set(&why, ERR_SESSION_STOPPED, "the machine needs a pause");
    session_cause(s, SESSION_ENDED, &why);
    gone_with(s, ERR_SESSION_STOPPED, "the machine needs a pause");
}

/* What the engine does not say is asked for again. */
static void engine_away_at_the_end(void)
{
    struct session *s = one_that_runs();

    fake_engine.fail[FAKE_LOOK] = ERR_ENGINE_GONE;
    fake_engine_exit(&s->container, 3);
    run_for(SWEEP_MS);
    is_number(session_state(s), SESSION_RUNNING, "an engine that goes away ends nobody's session");
    fake_engine.fail[FAKE_LOOK] = ERR_ENGINE_ODD;
    run_for(2 * SWEEP_MS);
    gone_with(s, ERR_SESSION_EXITED, "the notebook server ended by itself, with code 3");
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
    who_comes_back_in_time();
    without_a_gateway();
    grace_after_a_restart();
    age_ends();
    containers_that_end();
    ended_by_its_operator();
    engine_away_at_the_end();
    session_daemon_end();
    return tap_end();
}
