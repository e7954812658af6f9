/* One daemon's room launch between stand-ins, and a stream that reads one launch: for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/log.h"
#include "provider/provider.h"

static char folder[] = "/tmp/ringbinder-launch-XXXXXX";

struct world w;

static void journal_line(void *arg, const char *line)
{
    size_t len = strlen(w.journal);

    snprintf(w.journal + len, sizeof w.journal - len, "%s\n", line);
}

void world_begin(void)
{
    cleanup_free char *path = mem_format("%s/state.db", folder);
    struct launch_parts parts = {.builds = &w.builds, .sessions = &w.sessions};
    const struct provider_host hosts[] = {{"gh", "https://github.com", "https://api.github.com", "t0ken"}, {0}};
    const struct launch_settings settings = {
        .hosts = hosts,
        .ref_retry_wait_ms = 10000,
        .image_prefix = "ringbinder/i-",
        .hub_url = "http://127.0.0.1:8586/",
        .attempts = 4,
        .attempt_delay_ms = 4000,
        .linger_ms = 60000,
        .keep_ms = 600000,
        .starts_at_a_time = 1,
    };
    struct err e;

    if (loop_new(&w.loop, &e) < 0 || store_open(&w.store, path, &e) < 0)
        exit(1);
    w.builds.loop = w.sessions.loop = parts.loop = w.loop;
    parts.store = w.store;
    w.got = BUF_OF(1 << 20);
    w.ended_at = -1;
    w.last[0] = '\0';
    w.journal[0] = '\0';
    if (launches_new(&w.launches, &parts, &settings, &e) < 0)
        exit(1);
}

void world_end(void)
{
    launch_reader_free(&w.reader);
    launches_free(&w.launches);
    w.cancelled = w.sessions.cancelled;
    op_cancel(&w.sessions.under_way);
    store_close(&w.store);
    loop_free(&w.loop);
    buf_free(&w.got);
    if (w.builds.log)
        build_log_release(&w.builds.log);
}

void world_new(void)
{
    cleanup_free char *remove = mem_format("rm -f %s/state.db*", folder);

    if (system(remove) != 0)
        exit(1);
    w = (struct world){.disorder = w.disorder,
                       .builds = {.ref = COMMIT, .image = id_new(), .built = id_new(), .ms = 10},
                       .sessions = {.ms = 1000}};
    world_begin();
}

static uint64_t number_of(const char *id)
{
    return strlen(id) > 33 ? strtoull(id + 33, NULL, 10) : 0;
}

/* "id: <128 bits>-<number>" before each event: taken off, and looked at. */
static void take_frames(const char *at)
{
    const char *data, *end;

    for (; *at; at = end + 2) {
        char id[sizeof w.last] = "";

        data = strstr(at, "\ndata: ");
        end = strstr(at, "\n\n");
        if (!str_starts(at, "id: ") || !data || !end || data > end) {
            w.disorder++;
            return;
        }
        snprintf(id, sizeof id, "%.*s", (int)(data - at - 4), at + 4);
        if (strlen(id) < 34 || number_of(id) <= number_of(w.last) || (*w.last && memcmp(id, w.last, 33) != 0))
            w.disorder++;
        str_copy(w.last, sizeof w.last, id);
        buf_add(&w.got, data + 1, (size_t)(end + 2 - data - 1));
    }
}

static void read_on(void *arg)
{
    struct buf room = BUF_OF(LAUNCH_READ_ROOM);
    enum launch_read told;

    do {
        told = launch_reader_read(w.reader, &room);
        if (told == LAUNCH_READ_MORE && !room.len)
            exit(1); /* nothing was added: a stream would ask without end */
        take_frames(buf_text(&room));
        buf_clear(&room);
    } while (told == LAUNCH_READ_MORE);
    buf_free(&room);
    if (told == LAUNCH_READ_END && w.ended_at < 0)
        w.ended_at = loop_now(w.loop);
}

/* wake() is called from inside the room, and a stream reads later. */
static void wake(void *arg)
{
    loop_timer_new(w.loop, 0, read_on, NULL);
}

void read_from(const struct launch_place *from)
{
    w.reader = launch_reader_new(from, "192.0.2.7", wake, NULL);
    read_on(NULL);
}

void launch(const char *provider, const char *spec, const char *accept)
{
    const struct launch_request request = {
        .provider = provider, .spec = spec, .accept = accept, .origin = "http://127.0.0.1:8585"};

    w.last[0] = '\0';
    read_from(&(struct launch_place){.launch = launch_start(w.launches, &request)});
}

const char *come_back_to(const char *provider, const char *spec, const char *id)
{
    const struct launch_request request = {
        .provider = provider, .spec = spec, .accept = "text/event-stream", .last_event_id = id};
    struct launch_place from;

    launch_reader_free(&w.reader);
    buf_clear(&w.got);
    w.ended_at = -1;
    if (!launch_find(w.launches, &request, &from))
        return "new";
    if (!from.launch)
        return "over";
    str_copy(w.last, sizeof w.last, id);
    read_from(&from);
    return "goes on";
}

void run(void)
{
    struct err e;

    if (loop_run(w.loop, &e) < 0)
        exit(1);
}

static void stop(void *arg)
{
    loop_stop(w.loop);
}

void run_for(int64_t ms)
{
    loop_timer_new(w.loop, ms, stop, NULL);
    run();
}

bool world_folder(void)
{
    log_sink(journal_line, NULL);
    return mkdtemp(folder) != NULL;
}

void world_folder_end(void)
{
    cleanup_free char *remove = mem_format("rm -rf %s", folder);

    if (system(remove) != 0)
        printf("# %s is still there\n", folder);
}
