/* What builds make of what fetch and the engine say, with virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "../fake/builds_world.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/log.h"
#include "store/rows.h"
#include "tap.h"

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

    builds_begin();
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
    builds_end();
}

static void test_environment(void)
{
    cleanup_free char *log = NULL;
    struct result r;

    builds_begin();
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
    builds_end();
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
    builds_end();
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
    builds_end();
}

static void test_listed(void)
{
    struct result r, found;

    builds_begin();
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
    builds_end();
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

    builds_begin();
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
    builds_end();
}

static void test_late_environment(void)
{
    struct result r;

    builds_begin();
    fake_fetch.question = answer_plan_only;
    lane = 1;
    images = 2;
    want(&r, "i:1");
    run_ms(601000);
    ok(r.calls == 1 && r.e.code == ERR_FETCH_AWAY && strstr(r.e.text, "did not come within 600 s"),
       "an environment whose files do not come ends its build, and says so");
    fake_fetch.question = answer;
    builds_end();
}

static void test_hostile_fetch(void)
{
    struct build_spec hostile = {
        .image = "i:bad", .repo_url = "https://example.org/hostile", .commit = COMMIT, .ref = ""};
    struct result good, bad = {0};

    builds_begin();
    fake_fetch.question = answer_spoiled;
    build_want(builds, &hostile, &bad.image, (struct done){took, &bad});
    run_ms(3);
    want(&good, "i:good");
    run_ms(3000);
    ok(bad.calls == 1 && bad.e.code == ERR_FETCH_MALFORMED, "a fetch that was taken over ends its own build");
    is_number(fake_builder.cancelled, 1, "the engine's half of it, too");
    ok(good.calls == 1 && !good.e.code, "and no other");
    builds_end();
}

int main(void)
{
    if (!builds_world_begin())
        return 1;
    test_one_build();
    test_environment();
    test_images_of_others();
    test_own_environment();
    test_listed();
    test_failures();
    test_late_environment();
    test_hostile_fetch();
    ok(builds_world_end(), "nothing is left in the folder");
    return tap_end();
}
