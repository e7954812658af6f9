/* Five hundred sessions for virtual hours: what each costs does not grow with how many there are. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "fake/session_daemon.h"
#include "store/table.h"
#include "tap.h"

#define MANY 500
#define FEW 50
#define ARRIVAL_MS 500   /* between two starts */
#define REPORT_MS 300000 /* between two signs of those who work */
#define HOUR_MS 3600000
#define LATE_MS 60000      /* after its time: until it is told, looked at, asked and swept */
#define STEPS_OF_SQLITE 10 /* of its machine, for each call of ours */
#define GUARANTEE (INT64_C(450) << 20)

/* What one of them does: the odd ones are worked in until they are too old, nobody comes back to the others. */
struct visit {
    struct waiter waiter;
    struct session *session;
    int64_t began, ended; /* times of the loop; ended: 0, not yet */
};
static struct visit visits[MANY + 1];
static int gateway;
static long long packets, sqlite_steps;

/* All that was asked of others until now. */
struct work {
    long long sqlite, packets, questions, calls[FAKE_CALLS];
};

static struct work work_until_now(void)
{
    struct work work = {sqlite_steps, packets, fake_outbound_asked, {0}};

    for (int i = 0; i < FAKE_CALLS; i++)
        work.calls[i] = fake_engine.calls[i];
    return work;
}

static int count_steps(void *arg)
{
    sqlite_steps += STEPS_OF_SQLITE;
    return 0;
}

static void gateway_reads(void *arg, unsigned events)
{
    char packet[WIRE_PACKET_MAX];

    while (recv(gateway, packet, sizeof packet, MSG_DONTWAIT) > 0)
        packets++;
}

static bool works(int n)
{
    return n % 2;
}

static void visit_begins(int n)
{
    struct visit *v = &visits[n];
    struct session_spec spec = wish;

    spec.id = (struct id){{1, (uint8_t)(n >> 8), (uint8_t)n}};
    *v = (struct visit){.began = loop_now(loop)};
    v->waiter.op = session_start(all, &spec, &v->waiter.door, (struct done){waiter_done, &v->waiter});
    v->session = session_by_id(all, &spec.id);
}

static void those_who_work_report(int count)
{
    struct wire_message m = {.kind = WIRE_ACTIVITY, .input_ms = 0};

    for (int n = 0; n < count; n++) {
        if (!works(n) || session_state(visits[n].session) != SESSION_RUNNING)
            continue;
        str_copy(m.name, sizeof m.name, visits[n].session->name);
        gateway_says(gateway, &m);
    }
}

static void note_ends(int count)
{
    for (int n = 0; n < count; n++)
        if (!visits[n].ended && session_state(visits[n].session) == SESSION_GONE)
            visits[n].ended = loop_now(loop);
}

static void hours_pass(int count, int64_t ms)
{
    int64_t until = loop_now(loop) + ms, report = 0;

    for (; loop_now(loop) < until; run_for(SWEEP_MS)) {
        if (loop_now(loop) >= report) {
            those_who_work_report(count);
            report = loop_now(loop) + REPORT_MS;
        }
        note_ends(count);
    }
}

static struct loop_fd *begin(int count)
{
    struct loop_fd *watched;

    machine_bytes = count * GUARANTEE;
    daemon_starts();
    run_for(10);
    gateway = gateway_connects();
    gateway_says(gateway, &hello);
    watched = loop_fd_new(loop, gateway, LOOP_READ, gateway_reads, NULL);
    packets = sqlite_steps = 0;
    sqlite3_progress_handler(store->db, STEPS_OF_SQLITE, count_steps, NULL);
    for (int n = 0; n < count; n++) {
        visit_begins(n);
        run_for(ARRIVAL_MS);
    }
    return watched;
}

static void end(struct loop_fd *watched)
{
    loop_fd_remove(&watched);
    close(gateway);
    daemon_ends();
    machine_bytes = 0;
}

static int started(int count)
{
    int well = 0;

    for (int n = 0; n < count; n++)
        well += visits[n].waiter.calls == 1 && !visits[n].waiter.e.code;
    return well;
}

/* How many ended for this reason, within LATE_MS of this time. */
static int ended_in_time(int count, bool worked, enum err_code why, int64_t after_ms)
{
    int well = 0;

    for (int n = 0; n < count; n++) {
        int64_t lived = visits[n].ended - visits[n].began;

        well +=
            works(n) == worked && visits[n].session->code == why && lived >= after_ms && lived <= after_ms + LATE_MS;
    }
    return well;
}

static void each_ends_at_its_time(void)
{
    struct loop_fd *watched = begin(MANY);

    is_number(started(MANY), MANY, "five hundred sessions start");
    is_number(ledger_left(&ledger), 0, "and have all of the memory there is");
    visit_begins(MANY);
    run_for(100);
    is_number(visits[MANY].waiter.e.code, ERR_SESSION_FULL, "so that one more is refused");
    hours_pass(MANY, AGE_MS + LATE_MS);
    is_number(ended_in_time(MANY, false, ERR_SESSION_IDLE, IDLE_MS), MANY / 2,
              "those to whom nobody came back end as idle, each in its time");
    is_number(ended_in_time(MANY, true, ERR_SESSION_AGED, AGE_MS), MANY / 2,
              "those in which somebody worked end as too old, each in its time");
    run_for(LATE_MS);
    is_number(fake_engine.calls[FAKE_CREATE], MANY, "each had one container");
    is_number(fake_engine.calls[FAKE_REMOVE], MANY, "that was asked to go once");
    is_number((long long)fake_engine.count, 0, "and went");
    is_number(ledger_left(&ledger), machine_bytes, "all of the memory is free again");
    end(watched);
}

/* One hour in which nothing happens but that people work. */
static struct work quiet_hour(int count)
{
    struct loop_fd *watched = begin(count);
    struct work before, after;

    hours_pass(count, 2 * IDLE_MS); /* those that nobody comes back to are gone */
    before = work_until_now();
    hours_pass(count, HOUR_MS);
    after = work_until_now();
    end(watched);
    after.sqlite -= before.sqlite;
    after.packets -= before.packets;
    after.questions -= before.questions;
    for (int i = 0; i < FAKE_CALLS; i++)
        after.calls[i] -= before.calls[i];
    return after;
}

static void the_sweeper_asks_as_often_for_many_as_for_few(void)
{
    struct work few = quiet_hour(FEW), many = quiet_hour(MANY);
    long long others = 0;

    for (int i = 0; i < FAKE_CALLS; i++)
        others += i == FAKE_LIST ? 0 : many.calls[i];
    ok(few.calls[FAKE_LIST] >= HOUR_MS / SWEEP_MS - 2 && few.calls[FAKE_LIST] <= HOUR_MS / SWEEP_MS + 2,
       "the engine is asked for its containers once a sweep: %lld times an hour", few.calls[FAKE_LIST]);
    ok(many.calls[FAKE_LIST] <= few.calls[FAKE_LIST] + 2, "with ten times the sessions %lld times",
       many.calls[FAKE_LIST]);
    is_number(others, 0, "and for nothing else");
    is_number(many.questions, 0, "no server is asked");
    is_number(many.packets, 0, "no gateway is told anything");
    ok(many.sqlite <= few.sqlite + STEPS_OF_SQLITE, "no row is read of each: %lld and %lld steps of SQLite's machine",
       few.sqlite, many.sqlite);
}

/* Of whole lives, without the sweeps that the hours bring. */
static struct work lives(int count)
{
    struct loop_fd *watched = begin(count);
    struct work work;

    hours_pass(count, AGE_MS + LATE_MS);
    work = work_until_now();
    end(watched);
    return work;
}

static void the_work_for_each_does_not_grow_with_their_number(void)
{
    struct work few = lives(FEW), many = lives(MANY);
    const int times = MANY / FEW;

    ok(many.sqlite <= few.sqlite * times * 5 / 4, "rows: %lld steps of SQLite's machine for %d, %lld for %d",
       few.sqlite, FEW, many.sqlite, MANY);
    ok(many.packets <= few.packets * times, "words to the gateway: %lld and %lld", few.packets, many.packets);
    ok(many.questions <= few.questions * times, "questions to servers: %lld and %lld", few.questions, many.questions);
    ok(many.calls[FAKE_LIST] <= few.calls[FAKE_LIST] + 4 * MANY, "an end asks for few sweeps: %lld and %lld listings",
       few.calls[FAKE_LIST], many.calls[FAKE_LIST]);
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    each_ends_at_its_time();
    the_sweeper_asks_as_often_for_many_as_for_few();
    the_work_for_each_does_not_grow_with_their_number();
    session_daemon_end();
    return tap_end();
}
