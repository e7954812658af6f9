/* In which order builds begin, and what ends them from outside, with virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <sqlite3.h>

#include "../fake/builds_world.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/log.h"
#include "build/queue.h"
#include "store/rows.h"
#include "tap.h"

static void test_queue(void)
{
    struct result r[5], found;
    struct op *op;
    char name[16];

    builds_begin();
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "i:%d", i);
        op = want(&r[i], name);
        if (i == 3)
            op_cancel(&op);
    }
    run_ms(1500);
    ok(r[0].calls + r[1].calls == 2 && r[2].calls + r[4].calls == 0, "builds wait until others have ended");
    run_ms(10000);
    is_number(fake_builder.most_running, 2, "no more than allowed run at a time");
    is(fake_builder.tags, "i:0 i:1 i:2 i:3 i:4 ", "in the order in which they were wanted");
    found = find("i:3");
    ok(r[3].calls == 0 && !id_is_none(&found.image.image), "one that nobody waits for is built all the same");
    builds_end();
}

/* Decisions 19. */
static void test_memory(void)
{
    cleanup_free char *log = NULL;
    struct result one, two;

    builds_begin();
    builds_free(&builds);
    ledger_init(&ledger, 5000, &(struct ledger_reserve){0});
    settings.step_memory = 2000;
    open_room();
    ledger_claim(&ledger, LEDGER_SESSIONS, 2000);
    want(&one, "i:1");
    want(&two, "i:2");
    run_ms(100);
    ok(fake_builder.builds == 1 && ledger.used[LEDGER_BUILDS] == 2000,
       "a build that runs has a claim to its memory, one that waits for it has none");
    log = log_of("i:2");
    ok(strstr(log, "Waiting for memory") != NULL, "and says what it waits for");
    ledger_claim(&ledger, LEDGER_SESSIONS, 1000);
    run_ms(100);
    ok(fake_builder.builds == 2 && ledger_left(&ledger) == 0, "it begins when a session gives it back");
    run_ms(5000);
    ok(one.calls == 1 && two.calls == 1 && ledger.used[LEDGER_BUILDS] == 0, "in the end nothing is claimed");
    builds_end();
}

static void nobody_goes(struct build_settings *s)
{
    ledger_init(&ledger, 5000, &(struct ledger_reserve){0});
    s->step_memory = 2000;
    s->abandon_ms = 86400000;
}

static void test_hungry(void)
{
    struct result early, late, last;

    open_with(nobody_goes);
    ledger_claim(&ledger, LEDGER_SESSIONS, 4000);
    want(&early, "i:1");
    run_ms(QUEUE_HUNGRY_MS / 2);
    want(&late, "i:2");
    want(&last, "i:3");
    run_ms(QUEUE_HUNGRY_MS / 2 - 1000);
    is_number(early.calls, 0, "a build waits for memory for some time");
    run_ms(62000);
    ok(early.calls == 1 && early.e.code == ERR_BUILD_HUNGRY, "and then it ends, whatever sessions go on coming");
    is_number(late.calls, 0, "one that came later waits for as long");
    ledger_claim(&ledger, LEDGER_SESSIONS, 3000);
    run_ms(100);
    ledger_claim(&ledger, LEDGER_SESSIONS, 4000);
    run_ms(QUEUE_HUNGRY_MS / 2 + 100000);
    ok(late.calls == 1 && !late.e.code, "and is built when there is enough");
    is_number(last.calls, 0, "since one has begun, the others wait anew");
    run_ms(QUEUE_HUNGRY_MS / 2);
    ok(last.calls == 1 && last.e.code == ERR_BUILD_HUNGRY, "and in vain");
    builds_end();
}

static void test_restart(void)
{
    cleanup_free char *log = NULL;
    struct result r, again;

    builds_begin();
    settings.at_a_time = 1;
    builds_free(&builds);
    open_room();
    want(&r, "i:1");
    want(&r, "i:2");
    run_ms(500);
    builds_free(&builds);
    is_number(fake_builder.cancelled, 1, "a daemon that stops ends the engine's half of its build");
    run_ms(1);
    is_number(fake_fetch.open, 0, "and closes its fetch's connection");
    open_room();
    want(&again, "i:1");
    run_ms(5000);
    is_number(fake_builder.builds, 3, "the next one builds again what was cut, and what had waited");
    ok(again.calls == 1 && !again.e.code, "who comes back joins it");
    log = log_of("i:1");
    ok(strstr(log, "The daemon was restarted: this build begins again.") != NULL, "the log says so");
    ok(strstr(log, "COPY . .") && strstr(log, "COPY . .") < strstr(log, "restarted"), "and has what was before");
    builds_end();
}

static void test_restarted_twice(void)
{
    struct result r;

    builds_begin();
    want(&r, "i:1");
    run_ms(500);
    builds_free(&builds);
    open_room();
    run_ms(500);
    builds_free(&builds);
    open_room();
    run_ms(5000);
    is_number(fake_builder.builds, 2, "a build that was cut twice is not begun again");
    ok(build_log_find(builds, "i:1") && build_log_ended(build_log_find(builds, "i:1")), "it has failed");
    builds_end();
}

static void test_engine_away(void)
{
    struct result r;

    builds_begin();
    fake_builder_turn(ERR_ENGINE_GONE);
    want(&r, "i:1");
    run_ms(60000);
    is_number(r.calls + fake_fetch.connections, 0, "while the engine is away, builds wait");
    fake_builder_turn(ERR_NONE);
    run_ms(2000);
    ok(r.calls == 1 && !r.e.code, "and begin when it comes");
    builds_end();
}

static void one_at_a_time(struct build_settings *s)
{
    s->at_a_time = 1;
}

/* As with a full disk: nothing can be written. */
static void state_is_full(bool full)
{
    sqlite3 *db;

    sqlite3_open(state, &db);
    sqlite3_exec(db,
                 full ? "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END"
                      : "DROP TRIGGER full",
                 NULL, NULL, NULL);
    sqlite3_close(db);
}

static void test_cut_with_a_full_disk(void)
{
    struct result cut, next;

    open_with(one_at_a_time);
    fake_builder.fail = ERR_ENGINE_GONE;
    want(&cut, "i:1");
    run_ms(100);
    state_is_full(true);
    run_ms(5000);
    ok(cut.calls == 1 && cut.e.code == ERR_ENGINE_GONE, "a cut build that cannot be put back has failed");
    state_is_full(false);
    fake_builder.fail = ERR_NONE;
    want(&next, "i:2");
    run_ms(5000);
    ok(next.calls == 1 && !next.e.code, "and the next one runs in its place");
    is_number(ledger.used[LEDGER_BUILDS], 0, "with its memory");
    builds_end();
}

static void test_fairness(void)
{
    static const char *const wanted[] = {"a:1", "a:2", "a:3", "b:1", "b:2", "c:1"};
    static const char *const urls[] = {"https://example.org/a", "https://example.org/b", "https://example.org/c"};
    struct result r[6];

    open_with(one_at_a_time);
    for (size_t i = 0; i < 6; i++) {
        repo_url = urls[wanted[i][0] - 'a'];
        want(&r[i], wanted[i]);
    }
    repo_url = urls[0];
    run_ms(20000);
    is(fake_builder.tags, "a:1 b:1 c:1 a:2 b:2 a:3 ", "repositories take turns, however many builds each brings");
    builds_end();
}

static void test_position(void)
{
    cleanup_free char *log = NULL, *last = NULL;
    struct store_build row = {.image = "old", .state = "done", .created = 1000, .started = 2000, .ended = 242000};
    struct result r[3];
    struct err e;

    open_with(one_at_a_time);
    row.id = id_new();
    ok(store_build_put(store, &row, &e) == 0, "a build took four minutes here once");
    builds_free(&builds);
    open_room();
    want(&r[0], "i:0");
    want(&r[1], "i:1");
    want(&r[2], "i:2");
    run_ms(500);
    log = log_of("i:2");
    ok(strstr(log,
              "{\"phase\":\"waiting\",\"message\":\"1 build is in front of this one; by what builds took here lately, "
              "in about 8 min.\\n\"}\n") != NULL,
       "who waits reads in which place, and for how long");
    run_ms(1000);
    last = log_of("i:2");
    ok(strstr(last, "This build is the next to begin") != NULL, "and again when that changes");
    run_ms(10000);
    builds_end();
}

static void quick_to_give_up(struct build_settings *s)
{
    s->progress_ms = 20000;
    s->abandon_ms = 60000;
    s->at_a_time = 1;
}

/* The lines of a step that goes on and on. */
static void answer_with_lines(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    fake_fetch_line(p, "\x1b[32mnearly there\x1b[0m ");
}

static void test_stuck(void)
{
    struct result r;

    open_with(quick_to_give_up);
    fake_fetch.question = answer_with_lines;
    want(&r, "i:1");
    run_ms(19000);
    is_number(r.calls, 0, "a build may be quiet for a while");
    run_ms(3000);
    ok(r.e.code == ERR_BUILD_STUCK && strstr(r.e.text, "for 20 s") && strstr(r.e.text, ": nearly there"),
       "one in which nothing happens any more is stopped, with its last line");
    is_number(fake_fetch.open, 0, "and so is its fetch");
    fake_fetch.question = answer;
    builds_end();
}

static void nothing(void *arg)
{
}

static void test_abandoned(void)
{
    struct watch watch = {.wake = nothing};
    struct result running, waiting;
    struct op *op;

    open_with(quick_to_give_up);
    fake_builder.takes_ms = 19000000;
    settings.progress_ms = 20000000;
    builds_free(&builds);
    open_room();
    want(&running, "i:1");
    op = want(&waiting, "i:2");
    run_ms(50000);
    build_log_watch(build_log_find(builds, "i:1"), &watch);
    run_ms(30000);
    ok(waiting.calls == 1 && waiting.e.code == ERR_BUILD_ABANDONED, "a build that nobody watches leaves the queue");
    is_number(running.calls, 0, "one to which somebody came back in time goes on");
    watch_end(&watch);
    run_ms(50000);
    is_number(running.calls, 0, "for as long as somebody may come back again");
    run_ms(20000);
    ok(running.calls == 1 && running.e.code == ERR_BUILD_ABANDONED, "and then it is stopped");
    is_number(fake_builder.cancelled, 1, "the engine's half of it, too");
    (void)op;
    builds_end();
}

static void note_build(void *arg, const struct build_view *view)
{
    char *text = arg;

    snprintf(text + strlen(text), 256 - strlen(text), "%s %s %d; ", view->row->image, view->row->state, view->place);
}

static void test_shown(void)
{
    char text[256] = "", id[ID_TEXT];
    struct build_log *log = NULL;
    struct build_view view;
    struct result r[4];

    builds_begin();
    fake_builder.takes_ms = 5000;
    for (int i = 0; i < 4; i++)
        want(&r[i], (const char *[]){"i:1", "i:2", "i:3", "i:4"}[i]);
    run_ms(100);
    build_list(builds, note_build, text);
    is(text, "i:1 running 0; i:2 running 0; i:3 waiting 1; i:4 waiting 2; ", "builds are listed as they come");
    ok(build_find(builds, "i:2", &view, &log) == 1 && str_is(view.row->image, "i:2") &&
           log == build_log_find(builds, "i:2"),
       "one is found by its image");
    id_text(id, &view.row->id);
    ok(build_find(builds, id, &view, NULL) == 1, "and by its id");
    id[12] = '\0';
    ok(build_find(builds, id, &view, NULL) == 1 && str_is(view.row->image, "i:2"), "or by how that begins");
    id[BUILD_ID_LEAST - 1] = '\0';
    is_number(build_find(builds, id, &view, NULL), 0, "but not by less than four digits of it");
    is_number(build_find(builds, "i:9", &view, NULL), 0, "what is not there is not found");
    is_number(build_find(builds, "", &view, NULL), 0, "nor nothing");
    run_ms(20000);
    text[0] = '\0';
    build_list(builds, note_build, text);
    is(text, "", "builds that have ended are not listed");
    ok(build_find(builds, "i:1", &view, NULL) == 1, "but found for a while");
    builds_end();
}

static void test_stopped(void)
{
    struct result running, waiting, again;
    struct build_view view;
    struct id ids[2];
    struct err why;

    builds_begin();
    builds_free(&builds);
    settings.at_a_time = 1;
    open_room();
    fake_builder.takes_ms = 60000;
    err_set(&why, ERR_BUILD_STOPPED, "an operator stopped it: too large");
    want(&running, "i:1");
    want(&waiting, "i:2");
    run_ms(1000);
    for (int i = 0; i < 2; i++)
        if (build_find(builds, i ? "i:2" : "i:1", &view, NULL) == 1)
            ids[i] = view.row->id;
    ok(build_stop(builds, &ids[1], &why) && waiting.calls == 1 && waiting.e.code == ERR_BUILD_STOPPED,
       "a build that waits is stopped");
    ok(build_stop(builds, &ids[0], &why), "so is one that runs");
    run_ms(1000);
    ok(running.calls == 1 && str_is(running.e.text, "an operator stopped it: too large"), "and says why");
    is_number(fake_builder.cancelled, 1, "the engine's half ends with it");
    ok(!build_stop(builds, &ids[0], &why), "once");
    fake_builder.takes_ms = 100;
    want(&again, "i:1");
    run_ms(5000);
    ok(again.calls == 1 && !again.e.code, "who asks again gets it built");
    builds_end();
}

static void remember(struct build_settings *s)
{
    s->failed_keep_ms = 60000;
}

static void test_remembered(void)
{
    struct result r;

    open_with(remember);
    fake_builder.fail = ERR_BUILD_STEP;
    want(&r, "i:1");
    run_ms(5000);
    want(&r, "i:1");
    is_number(r.calls, 0, "nobody is called from inside the call");
    run_ms(1);
    ok(r.e.code == ERR_BUILD_STEP && str_starts(r.e.text, "failed 4 s ago, tried anew after 60 s: [2/2] RUN false"),
       "a build that has just failed answers for the next one, and says so");
    ok(fake_builder.builds == 1 && build_log_find(builds, "i:1"), "with its log");
    want(&r, "i:2");
    run_ms(5000);
    is_number(fake_builder.builds, 2, "another commit is built");
    run_ms(60000);
    want(&r, "i:1");
    run_ms(5000);
    is_number(fake_builder.builds, 3, "later it is tried again");
    fake_builder.fail = ERR_ENGINE_REFUSED;
    want(&r, "i:3");
    run_ms(5000);
    want(&r, "i:3");
    run_ms(5000);
    is_number(fake_builder.builds, 5, "what the repository is not at fault for is tried again at once");
    builds_end();
}

static void no_disk(struct build_settings *s)
{
    s->disk_bytes = INT64_C(1) << 60;
}

static void test_disk(void)
{
    struct result r;

    open_with(no_disk);
    want(&r, "i:1");
    run_ms(1);
    ok(r.e.code == ERR_DISK_LOW && strstr(r.e.text, "GiB of disk left"), "without enough disk builds are refused");
    is_number(fake_fetch.connections, 0, "before anything is asked of anybody");
    builds_end();
}

static void test_engine_cut(void)
{
    cleanup_free char *log = NULL;
    struct result r;

    builds_begin();
    want(&r, "i:1");
    run_ms(500);
    fake_builder.fail = ERR_ENGINE_GONE;
    run_ms(1000);
    fake_builder_turn(ERR_ENGINE_GONE);
    run_ms(30000);
    is_number(r.calls, 0, "a build that the engine's end has cut waits for it");
    fake_builder.fail = ERR_NONE;
    fake_builder_turn(ERR_NONE);
    run_ms(5000);
    ok(r.calls == 1 && !r.e.code && fake_builder.builds == 2, "and begins again when it is back");
    log = log_of("i:1");
    ok(strstr(log, "The container engine went away: this build begins again when it is back.") != NULL,
       "the log says so");
    fake_builder.fail = ERR_ENGINE_GONE;
    want(&r, "i:2");
    run_ms(30000);
    ok(r.calls == 1 && r.e.code == ERR_ENGINE_GONE && fake_builder.builds == 4, "once, not for ever");
    builds_end();
}

/* Somebody prunes images while the content is built upon the environment. */
static void test_environment_removed(void)
{
    cleanup_free char *log = NULL, *text = NULL;
    struct result r;

    builds_begin();
    lane = 1;
    images = 2;
    want(&r, "i:1");
    run_ms(1500);
    text = mem_format("pull access denied for %.47s", fake_builder.tags);
    fake_builder.n_images = 1;
    fake_builder.fail = ERR_BUILD_DOCKERFILE;
    fake_builder.fail_text = text;
    run_ms(1000);
    fake_builder.fail = ERR_NONE;
    run_ms(10000);
    ok(r.calls == 1 && !r.e.code && fake_builder.builds == 4, "an environment that is removed meanwhile is made again");
    log = log_of("i:1");
    ok(strstr(log, "Its environment was removed meanwhile: this build begins again.") != NULL, "and the log says so");
    builds_end();
}

int main(void)
{
    if (!builds_world_begin())
        return 1;
    test_queue();
    test_memory();
    test_hungry();
    test_restart();
    test_restarted_twice();
    test_engine_away();
    test_cut_with_a_full_disk();
    test_engine_cut();
    test_environment_removed();
    test_fairness();
    test_position();
    test_stuck();
    test_abandoned();
    test_shown();
    test_stopped();
    test_remembered();
    test_disk();
    ok(builds_world_end(), "nothing is left in the folder");
    return tap_end();
}
