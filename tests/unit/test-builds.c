/* Builds on an engine made of an array and a fetch that says what the test wants, with virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/build.h"
#include "build/log.h"
#include "build/queue.h"
#include "engine/ledger.h"
#include "fake/builder.h"
#include "fake/fetch.h"
#include "loop/loop.h"
#include "store/rows.h"
#include "tap.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"

static char folder[64], sock[80], state[80], lock[90];
static struct loop *loop;
static struct store *store;
static struct builds *builds;
static struct build_settings settings;

struct result {
    int calls;
    struct err e;
    struct build_result image;
};

static void took(void *arg, const struct err *e)
{
    struct result *r = arg;

    r->calls++;
    r->e = e ? *e : (struct err){0};
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void run_ms(int ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

/* ---- a fetch ---- */

static uint32_t lane, images;
static const char *environment_bytes = "FROM ${RB_ENVIRONMENT}";

static void answer(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (m->kind == WIRE_FETCH_OPEN) {
        fake_fetch_line(p, "reading the repository");
        fake_fetch_plan(p, lane, images, "Dockerfile");
    } else if (m->context == 0 && images == 2) {
        fake_fetch_bytes(p, environment_bytes, strlen(environment_bytes));
    } else {
        fake_fetch_bytes(p, "content", 7);
    }
}

static void answer_spoiled(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (m->kind == WIRE_FETCH_OPEN && slice_is(m->url, "https://example.org/hostile"))
        fake_fetch_plan(p, lane, 1, "Dockerfile");
    else if (m->kind == WIRE_FETCH_CONTEXT && p->number == 1) {
        fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_BYTES, .bytes = {"half", 4}});
        fake_fetch_ref(p, COMMIT);
    } else {
        answer(p, m);
    }
}

static void answer_slowly(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
}

static void answer_plan_only(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (m->kind == WIRE_FETCH_OPEN)
        fake_fetch_plan(p, lane, images, "Dockerfile");
}

/* ---- the room ---- */

static struct ledger ledger;

static void open_room(void)
{
    struct build_parts parts = {
        .loop = loop, .store = store, .engine = (struct engine *)&fake_builder, .ledger = &ledger};
    struct err e;

    if (builds_new(&builds, &parts, &settings, &e) < 0)
        printf("Bail out! %s\n", e.text);
}

static void begin(void)
{
    struct err e;

    unlink(state);
    if (store_open(&store, state, &e) < 0)
        printf("Bail out! %s\n", e.text);
    fake_builder_start(loop);
    fake_builder_add("ringbinder/debian:1", ";");
    fake_fetch_start(loop, sock);
    fake_fetch.question = answer;
    lane = 0;
    images = 1;
    settings = (struct build_settings){.fetch_socket = sock,
                                       .folder = folder,
                                       .base = "ringbinder/debian:1",
                                       .repository_max = 1 << 20,
                                       .at_a_time = 2,
                                       .limit_s = 3600,
                                       .progress_ms = 900000,
                                       .abandon_ms = 600000,
                                       .resolve_limit_ms = 1000};
    ledger_init(&ledger, 0, &(struct ledger_reserve){0});
    open_room();
}

static void end(void)
{
    builds_free(&builds);
    fake_fetch_stop();
    store_close(&store);
}

static void open_with(void (*change)(struct build_settings *s))
{
    begin();
    builds_free(&builds);
    change(&settings);
    open_room();
}

static const char *repo_url = "https://example.org/a";

static struct op *want(struct result *r, const char *image)
{
    struct build_spec spec = {.image = image, .repo_url = repo_url, .commit = COMMIT, .ref = "main"};

    *r = (struct result){0};
    return build_want(builds, &spec, &r->image, (struct done){took, r});
}

static struct result find(const char *image)
{
    struct result r = {0};

    build_image_find(builds, image, &r.image, (struct done){took, &r});
    run_ms(5);
    return r;
}

/* The whole log; to be freed. */
static char *log_of(const char *image)
{
    struct build_log *log = build_log_find(builds, image);
    struct buf out = BUF_OF(1 << 20);
    struct build_log_cursor cursor = {0};

    while (log && build_log_read(log, &cursor, &out))
        ;
    return buf_steal(&out);
}

/* ---- tests ---- */

/* As if it had been made by another Ringbinder: the value's first character is another one. */
static void change_label(struct fake_image *image, const char *name)
{
    char *at = strstr(image->labels, name);

    if (at)
        at[strlen(name) + 1] ^= 1;
}

static void test_one_build(void)
{
    static const char *const labels[] = {"io.ringbinder.lane", "io.ringbinder.generation", "io.ringbinder.settings"};
    cleanup_free char *log = NULL;
    struct result a, b, found;

    begin();
    found = find("i:1");
    ok(found.calls == 1 && !found.e.code && id_is_none(&found.image.image), "an image that was not built is not found");
    want(&a, "i:1");
    want(&b, "i:1");
    is_number(a.calls, 0, "nobody is called from inside the call");
    run_ms(2000);
    ok(a.calls == 1 && !a.e.code && !id_is_none(&a.image.image), "a build gives the row of its image");
    ok(b.calls == 1 && id_equal(&a.image.image, &b.image.image), "two who want the same image get the same build");
    is_number(fake_builder.builds, 1, "which is built once");
    is_number((long long)fake_builder.bytes, 7, "of what fetch sent");
    is(fake_builder.args, "NB_USER=jovyan NB_UID=1000 ", "with repo2docker's arguments");
    ok(strstr(fake_builder.images[1].labels, ";repo2docker.repo=https://example.org/a;repo2docker.ref=" COMMIT ";") &&
           strstr(fake_builder.images[1].labels, ";io.ringbinder.lane=dockerfile;io.ringbinder.generation="),
       "and labels that say what it is");
    found = find("i:1");
    ok(id_equal(&found.image.image, &a.image.image), "after that it is found");
    log = log_of("i:1");
    ok(str_starts(log, "{\"phase\":\"fetching\",\"message\":\"reading the repository\\n\"}\n"),
       "the log begins with what fetch says");
    ok(strstr(log, "{\"phase\":\"building\",\"message\":\"#1 [1/1] COPY . .\\n\"}\n") != NULL,
       "then has what the engine says");
    ok(build_log_ended(build_log_find(builds, "i:1")), "and has ended, and is still there");
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        change_label(&fake_builder.images[1], labels[i]);
        found = find("i:1");
        ok(!found.e.code && id_is_none(&found.image.image), "with another %s it is not found any more", labels[i]);
        want(&a, "i:1");
        run_ms(2000);
    }
    end();
}

static void test_queue(void)
{
    struct result r[5], found;
    struct op *op;
    char name[16];

    begin();
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
    end();
}

static void test_environment(void)
{
    cleanup_free char *log = NULL;
    struct result r;

    begin();
    lane = 1;
    images = 2;
    want(&r, "i:1");
    run_ms(5000);
    ok(!r.e.code && fake_builder.builds == 2, "an environment and its content are two images");
    ok(str_starts(fake_builder.tags, "ringbinder/env:") && strstr(fake_builder.tags, " i:1 "),
       "the environment is called after its key and built first");
    ok(strstr(fake_builder.args, "RB_ENVIRONMENT=ringbinder/env:") != NULL, "the content stands on it");
    want(&r, "i:2");
    run_ms(5000);
    is_number(fake_builder.builds, 3, "another commit with the same environment builds its content only");
    log = log_of("i:2");
    ok(strstr(log, "The environment is the same as one that was built before") != NULL, "and the log says so");
    change_label(&fake_builder.images[1], "io.ringbinder.environment");
    want(&r, "i:2");
    run_ms(5000);
    is_number(fake_builder.builds, 5, "an image of the environment's name that was made of something else is not used");
    environment_bytes = "FROM something else";
    want(&r, "i:3");
    run_ms(5000);
    is_number(fake_builder.builds, 7, "other bytes are another environment, whatever fetch may call them");
    fake_builder_add("ringbinder/debian:1", ";");
    strcpy(fake_builder.images[0].id, "sha256:another-base");
    want(&r, "i:4");
    run_ms(5000);
    is_number(fake_builder.builds, 9, "and so is another base");
    images = 1;
    want(&r, "i:5");
    run_ms(5000);
    ok(strstr(fake_builder.args, "RB_ENVIRONMENT=ringbinder/debian:1 ") != NULL,
       "where nothing has to be installed, the content stands on the base");
    fake_builder.n_images = 0;
    want(&r, "i:6");
    run_ms(5000);
    is_number(r.e.code, ERR_BUILD_NO_BASE, "without a base the error says so");
    end();
}

/* What a build of image "i:1" ends with whose engine says that it reads `image`. */
static enum err_code after_reading(const char *image)
{
    struct result r;

    fake_builder.reads = image;
    want(&r, "i:1");
    run_ms(5000);
    fake_builder.reads = NULL;
    return r.calls == 1 ? r.e.code : ERR_INTERNAL;
}

static void hide(struct build_settings *s)
{
    s->bases = "ringbinder/debian:1 ringbinder/stub";
    s->hidden = "docker.io/other/prefix-";
}

static void test_images_of_others(void)
{
    static const char *const refused[] = {"docker.io/ringbinder/i-victim:1",
                                          "docker.io/ringbinder/i-victim:1@sha256:ab",
                                          "docker.io/ringbinder/env:0123",
                                          "docker.io/ringbinder/debian:2",
                                          "docker.io/other/prefix-x:latest",
                                          "docker.io/library/sha256:d74e8f85b2e4dbde4d6782210c03ed96af4730b95d93b7",
                                          "docker.io/library/d74e8f85b2e4:latest",
                                          "no name"};
    static const char *const taken[] = {"docker.io/library/debian:13@sha256:ab", "docker.io/ringbinder/debian:1",
                                        "docker.io/ringbinder/debian:1@sha256:ab", "docker.io/ringbinder/stub:latest",
                                        "ghcr.io/ringbinder/i-x:1"};

    open_with(hide);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ok(after_reading(refused[i]) == ERR_PLAN_IMAGE, "a build that reads %s is stopped", refused[i]);
    is(fake_builder.tags, "", "and no image has its name");
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        ok(after_reading(taken[i]) == ERR_NONE, "one that reads %s is not", taken[i]);
    end();
}

/* The environment's own name is known only once it is made: the second build stands on it. */
static void test_own_environment(void)
{
    cleanup_free char *own = NULL;

    open_with(hide);
    lane = 1;
    images = 2;
    ok(after_reading("docker.io/ringbinder/debian:1") == ERR_NONE, "an environment stands on the base");
    own = mem_format("docker.io/%.47s", fake_builder.tags);
    ok(after_reading(own) == ERR_NONE, "its own environment may be read by what stands on it");
    lane = 0;
    images = 1;
    ok(after_reading(own) == ERR_PLAN_IMAGE, "and by nobody else");
    end();
}

static void test_listed(void)
{
    struct result r, found;

    begin();
    fake_builder.listed = 33 << 10;
    want(&r, "i:1");
    run_ms(5000);
    ok(r.e.code == ERR_BUILD_LISTED && strstr(r.e.text, "33 KiB"), "an image that no listing can bear is refused");
    ok(fake_builder.removed == 1 && fake_builder.n_images == 1 && !fake_builder.tags[0], "and removed, never named");
    fake_builder.listed = 32 << 10;
    want(&r, "i:1");
    run_ms(5000);
    ok(r.calls == 1 && !r.e.code, "one that it can bear is not");
    fake_builder.images[1].listed++;
    found = find("i:1");
    ok(!found.e.code && id_is_none(&found.image.image), "one that was there before is not found");
    end();
}

static void count_row(void *arg, const struct store_build *row)
{
    ++*(int *)arg;
}

static void test_failures(void)
{
    struct result r;
    struct err e;
    int open = 0;

    begin();
    fake_builder.fail = ERR_BUILD_STEP;
    want(&r, "i:1");
    run_ms(2000);
    ok(r.calls == 1 && r.e.code == ERR_BUILD_STEP && strstr(r.e.text, "exit code 1"), "a failed step is told");
    ok(build_log_find(builds, "i:1") != NULL, "with the log still there to be read");
    ok(store_build_load(store, count_row, &open, &e) == 0 && open == 0, "the row has ended");
    fake_builder.fail = ERR_NONE;
    want(&r, "i:1");
    run_ms(2000);
    ok(r.calls == 1 && !r.e.code, "who asks again gets a new build");
    settings.limit_s = 10;
    builds_free(&builds);
    open_room();
    fake_fetch.question = answer_slowly;
    want(&r, "i:2");
    run_ms(11000);
    is_number(r.e.code, ERR_BUILD_SLOW, "a build that takes too long is stopped");
    is_number(fake_fetch.open, 0, "and its fetch is ended");
    fake_fetch.question = answer;
    fake_fetch_stop();
    settings.limit_s = 3600;
    builds_free(&builds);
    open_room();
    want(&r, "i:3");
    run_ms(60000);
    is_number(r.e.code, ERR_FETCH_AWAY, "without a fetch a build fails, after some tries");
    fake_fetch_start(loop, sock);
    end();
}

static void test_late_environment(void)
{
    struct result r;

    begin();
    fake_fetch.question = answer_plan_only;
    lane = 1;
    images = 2;
    want(&r, "i:1");
    run_ms(601000);
    ok(r.calls == 1 && r.e.code == ERR_FETCH_AWAY && strstr(r.e.text, "did not come within 600 s"),
       "an environment whose files do not come ends its build, and says so");
    fake_fetch.question = answer;
    end();
}

static void test_hostile_fetch(void)
{
    struct build_spec hostile = {
        .image = "i:bad", .repo_url = "https://example.org/hostile", .commit = COMMIT, .ref = ""};
    struct result good, bad = {0};

    begin();
    fake_fetch.question = answer_spoiled;
    build_want(builds, &hostile, &bad.image, (struct done){took, &bad});
    run_ms(3);
    want(&good, "i:good");
    run_ms(3000);
    ok(bad.calls == 1 && bad.e.code == ERR_FETCH_MALFORMED, "a fetch that was taken over ends its own build");
    is_number(fake_builder.cancelled, 1, "the engine's half of it, too");
    ok(good.calls == 1 && !good.e.code, "and no other");
    end();
}

/* Decisions 19. */
static void test_memory(void)
{
    cleanup_free char *log = NULL;
    struct result one, two;

    begin();
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
    end();
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
    end();
}

static void test_restart(void)
{
    cleanup_free char *log = NULL;
    struct result r, again;

    begin();
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
    end();
}

static void test_restarted_twice(void)
{
    struct result r;

    begin();
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
    end();
}

static void test_engine_away(void)
{
    struct result r;

    begin();
    fake_builder_turn(ERR_ENGINE_GONE);
    want(&r, "i:1");
    run_ms(60000);
    is_number(r.calls + fake_fetch.connections, 0, "while the engine is away, builds wait");
    fake_builder_turn(ERR_NONE);
    run_ms(2000);
    ok(r.calls == 1 && !r.e.code, "and begin when it comes");
    end();
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
    end();
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
    end();
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
    end();
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
    end();
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
    end();
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

    begin();
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
    end();
}

static void test_stopped(void)
{
    struct result running, waiting, again;
    struct build_view view;
    struct id ids[2];
    struct err why;

    begin();
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
    end();
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
    end();
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
    end();
}

static void test_engine_cut(void)
{
    cleanup_free char *log = NULL;
    struct result r;

    begin();
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
    end();
}

/* Somebody prunes images while the content is built upon the environment. */
static void test_environment_removed(void)
{
    cleanup_free char *log = NULL, *text = NULL;
    struct result r;

    begin();
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
    end();
}

static void drop_line(void *arg, const char *line)
{
}

int main(void)
{
    struct err e;

    log_sink(drop_line, NULL);
    snprintf(folder, sizeof folder, "/tmp/rb-test-builds-XXXXXX");
    if (!mkdtemp(folder) || loop_new(&loop, &e) < 0)
        abort();
    snprintf(sock, sizeof sock, "%s/fetch.sock", folder);
    snprintf(state, sizeof state, "%s/state.db", folder);
    snprintf(lock, sizeof lock, "%s.lock", state);
    test_one_build();
    test_queue();
    test_environment();
    test_images_of_others();
    test_own_environment();
    test_listed();
    test_failures();
    test_late_environment();
    test_hostile_fetch();
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
    loop_free(&loop);
    unlink(state);
    unlink(lock);
    ok(rmdir(folder) == 0, "nothing is left in the folder");
    return tap_end();
}
