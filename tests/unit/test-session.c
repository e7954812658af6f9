/* A session's life, on a fake engine and with virtual time: start, restart, idleness and end. */
/* SPDX-License-Identifier: BSD-3-Clause */

#include "base/str.h"
#include "fake/session_daemon.h"
#include "tap.h"

static bool has_word(char words[32][128], const char *word)
{
    for (int i = 0; i < 32; i++)
        if (str_is(words[i], word))
            return true;
    return false;
}

/* --- the start
 * -------------------------------------------------------------------------------------------------------- */

static void start_to_door(void)
{
    struct waiter w;
    struct session *s;
    char word[160];

    daemon_starts();
    run_for(10);
    starts(&w, 1);
    is(row_of(1).state, "starting", "the row is committed before anybody is asked");
    is_number(fake_engine.calls[FAKE_CREATE], 0, "and before the engine is");
    ok(w.calls == 0, "nobody is called from inside the call");
    run_for(100);
    ok(w.calls == 1 && w.e.code == ERR_NONE, "the start succeeds: %s", w.e.text);
    s = session_find(all, w.door.name);
    ok(s && session_state(s) == SESSION_RUNNING && session_count(all) == 1, "the session runs");
    ok(str_starts(w.door.name, "a-b-") && strlen(w.door.name) == 12, "its name has eight random characters");
    is_number((long long)strlen(w.door.token), 22, "its token 22");
    snprintf(word, sizeof word, "--ServerApp.token=%s", w.door.token);
    ok(has_word(fake_engine.created.command, word), "the container got the same token");
    snprintf(word, sizeof word, "JUPYTERHUB_USER=%s", w.door.name);
    ok(has_word(fake_engine.created.environment, word), "and its name");
    is(fake_engine.created.image, "ringbinder/i-a:c0", "of the image that was asked for");
    snprintf(word, sizeof word, "http://172.18.0.2:8888/user/%s/api", w.door.name);
    is(server.url, word, "the server was asked at its own address");
    snprintf(word, sizeof word, "http://127.0.0.1:8586/user/%s/api", w.door.name);
    is(server.door_url, word, "and once as visitors ask");
    is(server.door, "/run/door.sock", "through the gateway's door");
    ok(row_of(1).answered > 0 && str_is(row_of(1).state, "running"), "the row says that it runs");
    ok(!strstr(journal, w.door.token) && !strstr(journal, w.door.name), "neither token nor name are in the journal");
    daemon_ends();
}

static bool describe(void *arg, const struct session_view *view)
{
    char *text = arg;

    snprintf(text + strlen(text), 256 - strlen(text), "%d %s age=%d idle=%d memory=%d/%d; ", view->id.bytes[0],
             view->state, (int)view->age_ms / 1000, (int)view->still_ms / 1000, (int)view->memory_bytes,
             (int)(view->memory_limit_bytes >> 20));
    return view->id.bytes[0] < 3;
}

static void listed(void)
{
    struct waiter first, second, third, fourth;
    char text[256] = "";

    daemon_starts();
    fake_engine.memory_bytes = 77;
    starts(&first, 1);
    run_for(3500);
    starts(&second, 2);
    run_for(2000);
    server.quiet_ms = 1 << 30;
    starts(&third, 3);
    run_for(100);
    session_cause(session_find(all, second.door.name), SESSION_ENDED, NULL);
    session_list(all, describe, text);
    is(text, "1 running age=5 idle=5 memory=77/2048; 3 starting age=0 idle=0 memory=77/2048; ",
       "the operator sees those that have not ended, in the order in which they were made");
    starts(&fourth, 4);
    text[0] = '\0';
    session_list(all, describe, text);
    ok(!strstr(text, "; 4 "), "and no more of them than wanted");
    daemon_ends();
}

static void start_is_quick(void)
{
    struct waiter w;
    int64_t began;

    daemon_starts();
    run_for(10);
    server.quiet_ms = 330;
    server.door_pages = 2;
    began = loop_now(loop);
    starts(&w, 1);
    while (!w.calls && loop_now(loop) < 5000)
        run_for(1);
    ok(loop_now(loop) - began <= 320 + 25, "a server that answers after 320 ms is a session %lld ms after the call",
       (long long)(loop_now(loop) - began));
    ok(server.at_door == 3 && !w.e.code, "the gateway's own page is not taken for the server's");
    server.quiet_ms = (int)loop_now(loop) + 10000;
    server.at_container = 0;
    starts(&w, 2);
    run_for(9000);
    ok(server.at_container < 2000 / 6 + 7000 / 20, "a slow one is asked less often: %d times in 9 s",
       server.at_container);
    op_cancel(&w.op);
    daemon_ends();
}

static void start_fails(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    fake_engine.fail[FAKE_CREATE] = ERR_SYSTEM;
    starts(&w, 1);
    run_for(100);
    ok(w.calls == 1 && w.e.code == ERR_SYSTEM && session_count(all) == 0, "a refused container ends the session");
    ok(row_of(1).ended > 0 && row_of(1).code == ERR_SYSTEM && str_is(row_of(1).state, "gone"), "its row says why");
    fake_engine.fail[FAKE_CREATE] = ERR_NONE;

    server.quiet_ms = 1 << 30;
    fake_engine.tail = "Traceback\nImportError: no module named spam\n\n";
    starts(&w, 2);
    run_for(200);
    fake_engine_exit(&fake_engine.containers[0].row, 3);
    run_for(1000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_DIED, "a server that dies while starting is noticed within a second");
    is(w.e.text,
       "The notebook server ended with code 3 while it was starting: Traceback ImportError: no module named spam",
       "and its last lines are told");
    run_for(SWEEP_MS);
    is_number((long long)fake_engine.count, 0, "its container is removed");

    starts(&w, 3);
    run_for(ANSWER_LIMIT_MS + 3000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_SILENT && strstr(w.e.text, "60 s") && strstr(w.e.text, "spam"),
       "a silent one ends after its limit: %s", w.e.text);
    server.quiet_ms = 0;
    server.door_pages = 1 << 30;
    starts(&w, 4);
    run_for(12000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_DOOR, "a gateway that does not lead there ends it, too: %s", w.e.text);
    daemon_ends();
}

static void start_of_nothing(void)
{
    struct session_spec spec = wish;
    struct waiter w = {0};
    struct err e;

    daemon_starts();
    if (store_image_drop(store, &image_id, &e) < 0)
        printf("# %s\n", e.text);
    w.op = session_start(all, &spec, &w.door, (struct done){waiter_done, &w});
    ok(w.op && !w.calls, "an image that has gone gives an op all the same");
    run_for(1);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_IMAGE && session_count(all) == 0, "which fails: %s", w.e.text);
    w.op = session_start(all, &spec, &w.door, (struct done){waiter_done, &w});
    op_cancel(&w.op);
    run_for(1);
    is_number(w.calls, 1, "unless it is cancelled first");
    w.op = session_start(all, &spec, &w.door, (struct done){waiter_done, &w});
    daemon_ends();
    is_number(w.calls, 1, "or the daemon ends first");
}

static void ended_while_starting(void)
{
    struct waiter w;

    daemon_starts();
    server.quiet_ms = 1 << 30;
    starts(&w, 1);
    run_for(200);
    session_cause(session_by_id(all, &(struct id){{1}}), SESSION_ENDED, NULL);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_GONE, "who waits for a start hears when somebody ends its session");
    run_for(1000);
    ok(w.calls == 1 && fake_engine.count == 0 && session_count(all) == 0, "once, and nothing is left");
    daemon_ends();
}

static void cancelled_everywhere(void)
{
    struct waiter w;

    for (int after = 0; after <= 24; after++) {
        int held = 0;

        daemon_starts();
        server.quiet_ms = 12;
        server.door_pages = 2;
        starts(&w, 1);
        run_for(after);
        if (w.op)
            op_cancel(&w.op);
        else
            held = 1;
        run_for(3 * SWEEP_MS);
        if (held != w.calls || (!held && (fake_engine.count || session_count(all))))
            ok(false, "cancelled after %d ms: %d calls, %zu containers", after, w.calls, fake_engine.count);
        daemon_ends();
    }
    ok(true, "cancelled after each millisecond of a start, nobody is called and nothing is left");
}

/* --- restarts
 * --------------------------------------------------------------------------------------------------------- */

static void restart_adopts(void)
{
    struct waiter w;
    struct session *s;
    char token[23];

    daemon_starts();
    run_for(10);
    running(&w, 1);
    memcpy(token, w.door.token, sizeof token);
    daemon_restarts();
    run_for(100);
    s = session_find(all, w.door.name);
    ok(s && session_state(s) == SESSION_RUNNING && s->open && fake_engine.count == 1, "a running session is adopted");
    w.op = session_resume(all, &(struct id){{1}}, &w.door, (struct done){waiter_done, &w});
    run_for(1);
    ok(w.calls == 2 && !w.e.code && str_is(w.door.token, token), "its launch gets the same door again");
    w.op = session_resume(all, &(struct id){{9}}, &w.door, (struct done){waiter_done, &w});
    run_for(1);
    ok(w.calls == 3 && w.e.code == ERR_SESSION_GONE, "a session that never was is gone");
    daemon_ends();
}

static void restart_resumes(void)
{
    struct waiter w;

    for (int after = 0; after <= 20; after++) {
        daemon_starts();
        server.quiet_ms = 10;
        starts(&w, 1);
        run_for(after);
        daemon_restarts();
        run_for(500);
        w.op = session_resume(all, &(struct id){{1}}, &w.door, (struct done){waiter_done, &w});
        run_for(500);
        if (w.e.code || fake_engine.count != 1 || session_count(all) != 1 || !str_is(row_of(1).state, "running"))
            ok(false, "killed after %d ms: %s, %zu containers", after, w.e.text, fake_engine.count);
        daemon_ends();
    }
    ok(true, "killed after each millisecond of a start, it goes on with one container");
}

static void restart_without_a_launch(void)
{
    struct waiter w;

    daemon_starts();
    server.quiet_ms = 1 << 30;
    starts(&w, 1);
    run_for(100);
    daemon_restarts();
    run_for(SESSION_CLAIM_MS - 1000);
    ok(session_count(all) == 1 && fake_engine.count == 1, "a start waits for its launch to come back");
    run_for(SWEEP_MS + 2000);
    ok(session_count(all) == 0 && fake_engine.count == 0, "and is ended when it does not");
    ok(row_of(1).code == ERR_SESSION_UNCLAIMED, "which its row says: %s", row_of(1).text);
    daemon_ends();
}

static void restart_finds_strangers(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    running(&w, 1);
    fake_engine.containers[fake_engine.count++] = (struct engine_container){.row = {{77}}, .session = {{78}}};
    fake_engine.containers[fake_engine.count++] = (struct engine_container){.row = {{79}}, .session = {{1}}};
    daemon_restarts();
    run_for(1000);
    ok(fake_engine.count == 1 && fake_engine_find(&all->by_id->container), "containers that no row wants are removed");
    fake_engine.count = 0;
    daemon_restarts();
    run_for(1000);
    ok(session_count(all) == 0 && row_of(1).code == ERR_SESSION_LOST, "a row whose container has gone ends: %s",
       row_of(1).text);
    daemon_ends();
}

static void restart_without_an_engine(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    running(&w, 1);
    fake_engine.fail[FAKE_LIST] = ERR_UNREACHABLE;
    daemon_restarts();
    run_for(5 * SWEEP_MS);
    ok(session_count(all) == 1 && !all->by_id->open, "as long as the engine is away nothing is judged");
    fake_engine.fail[FAKE_LIST] = ERR_NONE;
    watch_wake_all(&fake_engine.watchers);
    run_for(100);
    ok(all->by_id->open, "when it comes back sessions are adopted");
    daemon_ends();
}

/* --- ends
 * ------------------------------------------------------------------------------------------------------------- */

static void by_itself(void)
{
    struct waiter w;
    struct session *s;

    daemon_starts();
    run_for(10);
    s = running(&w, 1);
    fake_engine_exit(&s->container, 0);
    run_for(200);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_EXITED && fake_engine.count == 0,
       "a server that ends by itself ends its session at once");
    s = running(&w, 2);
    fake_engine_prune(&s->container);
    run_for(200);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_LOST, "so does a container that is removed by hand");
    s = running(&w, 3);
    fake_engine.count = 0;
    run_for(SWEEP_MS + 100);
    is_number(session_state(s), SESSION_GONE, "and one of which nobody heard, with the next sweep");
    daemon_ends();
}

/* A listing that was asked for before the container was there comes while its server is still silent. */
static void listing_before_the_start(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    fake_engine.hold[FAKE_LIST] = true;
    sweep_within(all->sweeper, 0);
    server.quiet_ms = 300;
    starts(&w, 1);
    run_for(100);
    fake_engine_release(FAKE_LIST);
    run_for(500);
    ok(w.calls == 1 && !w.e.code, "an old listing does not take a starting server for one that died: %s", w.e.text);
    daemon_ends();
}

static void listing_too_old(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    starts(&w, 1);
    fake_engine.hold[FAKE_LIST] = true;
    watch_wake_all(&fake_engine.watchers);
    sweep_within(all->sweeper, 0);
    run_for(100);
    ok(w.calls == 1 && !w.e.code, "a session starts while a listing is under way");
    fake_engine_release(FAKE_LIST);
    run_for(1);
    is_number(session_count(all), 1, "which does not know it, and does not end it");
    daemon_ends();
}

static void nothing_wakes(void)
{
    struct waiter w;
    int lists;

    daemon_starts();
    run_for(SWEEP_AFTER_MS + SWEEP_MS);
    lists = fake_engine.calls[FAKE_LIST];
    run_for(10 * SWEEP_MS);
    is_number(fake_engine.calls[FAKE_LIST], lists, "some time after the start nothing wakes without a session");
    running(&w, 1);
    session_cause(session_find(all, w.door.name), SESSION_ENDED, NULL);
    run_for(SWEEP_AFTER_MS + SWEEP_MS);
    lists = fake_engine.calls[FAKE_LIST];
    run_for(10 * SWEEP_MS);
    is_number(fake_engine.calls[FAKE_LIST], lists, "nor some time after the last one has ended");
    running(&w, 2);
    lists = fake_engine.calls[FAKE_LIST];
    run_for(10 * SWEEP_MS);
    ok(fake_engine.calls[FAKE_LIST] - lists <= 11, "with one the sweeper does");
    daemon_ends();
}

static void removal_is_tried_again(void)
{
    struct store_container row = {0};
    struct waiter w;
    struct id id;
    struct err e;

    daemon_starts();
    run_for(10);
    id = running(&w, 1)->container;
    fake_engine.hold[FAKE_REMOVE] = true;
    session_cause(session_find(all, w.door.name), SESSION_ENDED, NULL);
    ok(store_container_get(store, &id, &row, &e) == 1 && row.ended > 0, "nobody wants the container of what has ended");
    for (int i = 0; i < 5; i++) {
        watch_wake_all(&fake_engine.watchers);
        run_for(200);
    }
    is_number(fake_engine.calls[FAKE_REMOVE], 1, "the engine is asked once to remove it, however long it takes");
    fake_engine_release(FAKE_REMOVE);
    run_for(100);
    is_number((long long)fake_engine.count, 0, "until it is gone");
    daemon_ends();

    daemon_starts();
    run_for(10);
    running(&w, 1);
    fake_engine.fail[FAKE_REMOVE] = ERR_SYSTEM;
    session_cause(session_find(all, w.door.name), SESSION_ENDED, NULL);
    run_for(2 * SWEEP_MS + 100);
    ok(fake_engine.calls[FAKE_REMOVE] == 3, "a container that cannot be removed is tried again each sweep");
    fake_engine.fail[FAKE_REMOVE] = ERR_NONE;
    run_for(SWEEP_MS);
    is_number((long long)fake_engine.count, 0, "until it can");
    daemon_ends();
}

static void unwritable(void)
{
    struct waiter w;
    struct session *s;
    struct err e;

    daemon_starts();
    run_for(10);
    s = running(&w, 1);
    if (store_begin(store, &e) < 0) /* the next BEGIN fails, as on a full disk */
        printf("# %s\n", e.text);
    session_cause(s, SESSION_ENDED, NULL);
    ok(session_state(s) == SESSION_RUNNING && s->open, "what cannot be written down does not happen");
    fake_engine_exit(&s->container, 1);
    run_for(100);
    is_number(session_state(s), SESSION_RUNNING, "not even what the engine did");
    store_rollback(store);
    run_for(SWEEP_MS);
    is_number(session_state(s), SESSION_GONE, "once it can be written it does");
    daemon_ends();
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    start_to_door();
    listed();
    start_is_quick();
    start_fails();
    start_of_nothing();
    ended_while_starting();
    cancelled_everywhere();
    restart_adopts();
    restart_resumes();
    restart_without_a_launch();
    restart_finds_strangers();
    restart_without_an_engine();
    by_itself();
    listing_too_old();
    listing_before_the_start();
    nothing_wakes();
    removal_is_tried_again();
    unwritable();
    session_daemon_end();
    return tap_end();
}
