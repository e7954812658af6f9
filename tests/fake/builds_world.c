/* A daemon's room of builds on an engine made of an array and a fetch that says what the test wants. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "builds_world.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "build/log.h"

char folder[64], sock[80], state[80];
struct loop *loop;
struct store *store;
struct builds *builds;
struct build_settings settings;
static char lock[90];

void took(void *arg, const struct err *e)
{
    struct result *r = arg;

    r->calls++;
    r->e = e ? *e : (struct err){0};
}

static void stop(void *arg)
{
    loop_stop(loop);
}

void run_ms(int ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

/* ---- a fetch ---- */

uint32_t lane, images;
const char *environment_bytes = "FROM ${RB_ENVIRONMENT}";

void answer(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
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

/* ---- the room ---- */

struct ledger ledger;

void open_room(void)
{
    struct build_parts parts = {
        .loop = loop, .store = store, .engine = (struct engine *)&fake_builder, .ledger = &ledger};
    struct err e;

    if (builds_new(&builds, &parts, &settings, &e) < 0)
        printf("Bail out! %s\n", e.text);
}

void builds_begin(void)
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

void builds_end(void)
{
    builds_free(&builds);
    fake_fetch_stop();
    store_close(&store);
}

void open_with(void (*change)(struct build_settings *s))
{
    builds_begin();
    builds_free(&builds);
    change(&settings);
    open_room();
}

const char *repo_url = "https://example.org/a";

struct op *want(struct result *r, const char *image)
{
    struct build_spec spec = {.image = image, .repo_url = repo_url, .commit = COMMIT, .ref = "main"};

    *r = (struct result){0};
    return build_want(builds, &spec, &r->image, (struct done){took, r});
}

struct result find(const char *image)
{
    struct result r = {0};

    build_image_find(builds, image, &r.image, (struct done){took, &r});
    run_ms(5);
    return r;
}

char *log_of(const char *image)
{
    struct build_log *log = build_log_find(builds, image);
    struct buf out = BUF_OF(1 << 20);
    struct build_log_cursor cursor = {0};

    while (log && build_log_read(log, &cursor, &out))
        ;
    return buf_steal(&out);
}

/* ---- the test's folder ---- */

static void drop_line(void *arg, const char *line)
{
}

bool builds_world_begin(void)
{
    struct err e;

    log_sink(drop_line, NULL);
    strcpy(folder, "/tmp/rb-test-builds-XXXXXX");
    if (!mkdtemp(folder) || loop_new(&loop, &e) < 0)
        return false;
    snprintf(sock, sizeof sock, "%s/fetch.sock", folder);
    snprintf(state, sizeof state, "%s/state.db", folder);
    snprintf(lock, sizeof lock, "%s.lock", state);
    return true;
}

bool builds_world_end(void)
{
    loop_free(&loop);
    unlink(state);
    unlink(lock);
    return rmdir(folder) == 0;
}
