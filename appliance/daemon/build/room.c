/* The room of builds: opened with what an earlier daemon left, and put away for the next one. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/queue.h"
#include "build/room.h"
#include "build/resolve.h"
#include "build/turn.h"
#include "engine/engine.h"
#include "engine/ledger.h"
#include "loop/loop.h"

/* ---- what the other files use ---- */

FILE *builds_temporary(struct builds *all, struct err *e)
{
    int fd = open(all->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w+b") : NULL;

    if (!file)
        err_set_errno(e, ERR_SYSTEM, "a temporary file in %s", all->folder);
    return file;
}

void builds_limit(const struct builds *all, struct engine_build_spec *spec)
{
    if (!(engine_can(all->engine) & ENGINE_CAN_LIMIT_STEPS))
        return;
    spec->memory_bytes = all->step_memory;
    spec->processes = all->step_processes;
}

/* ---- opening ---- */

static void take_history(void *arg, const struct store_build *row)
{
    struct builds *all = arg;

    if (row->started)
        turn_note(&all->history, row->ended - row->started);
}

/* Logs of builds that ended under an earlier daemon. */
static void remove_old_logs(struct builds *all)
{
    cleanup_dir DIR *dir = opendir(all->folder);

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        bool ours = false;

        list_for_each (node, &all->waiting) {
            cleanup_free char *path = build_log_path(all, &container_of(node, struct build, node)->row.id);

            ours = ours || str_ends(path, entry->d_name);
        }
        if (!ours && str_starts(entry->d_name, BUILD_LOG_FRONT))
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
}

int builds_new(struct builds **out, const struct build_parts *parts, const struct build_settings *settings,
               struct err *e)
{
    const struct store_ended done = {build_state_name(BUILD_DONE), TURN_HISTORY};
    struct builds *all = mem_zero(1, sizeof *all);

    all->loop = parts->loop;
    all->store = parts->store;
    all->engine = parts->engine;
    all->ledger = parts->ledger;
    all->fetch_socket = mem_string(settings->fetch_socket);
    all->folder = mem_string(settings->folder);
    all->base = mem_string(settings->base);
    all->ca_bundle = mem_string(settings->ca_bundle);
    all->bases = mem_string(settings->bases);
    all->hidden = mem_string(settings->hidden);
    all->repository_max = settings->repository_max;
    all->step_memory = settings->step_memory;
    all->step_processes = settings->step_processes;
    all->at_a_time = settings->at_a_time;
    all->limit_s = settings->limit_s;
    all->progress_ms = settings->progress_ms;
    all->abandon_ms = settings->abandon_ms;
    all->failed_keep_ms = settings->failed_keep_ms;
    all->disk = (struct disk_floor){settings->disk_bytes, settings->disk_percent};
    all->resolver = resolver_new(parts->loop, settings);
    all->hungry = -1;
    list_init(&all->waiting);
    list_init(&all->running);
    list_init(&all->ended);
    if (image_marks_make(&all->marks, settings->base, settings->ca_bundle, e) < 0 ||
        store_build_load_ended(all->store, &done, take_history, all, e) < 0 ||
        store_build_load(all->store, builds_take_up, all, e) < 0) {
        builds_free(&all);
        return -1;
    }
    remove_old_logs(all);
    all->engine_news = (struct watch){.wake = builds_look_again, .arg = all};
    engine_watch(all->engine, &all->engine_news);
    all->memory_news = (struct watch){.wake = builds_look_again, .arg = all};
    ledger_watch(all->ledger, &all->memory_news);
    *out = all;
    return 0;
}

/* ---- putting away ---- */

static void put_away(struct list *list)
{
    struct err why;

    err_set(&why, ERR_CANCELLED, "the daemon stops");
    list_for_each_safe (node, list) {
        struct build *b = container_of(node, struct build, node);

        if (b->state == BUILD_RUNNING)
            flow_cancel(&b->flow, &why);
        else if (b->state == BUILD_WAITING)
            build_log_put_away(b->log);
        build_free(b);
    }
}

void builds_free(struct builds **at)
{
    struct builds *all = STEAL(*at);

    if (!all)
        return;
    watch_end(&all->engine_news);
    watch_end(&all->memory_news);
    put_away(&all->running);
    put_away(&all->waiting);
    put_away(&all->ended);
    loop_timer_cancel(&all->advance);
    loop_timer_cancel(&all->look);
    resolver_free(&all->resolver);
    free(all->fetch_socket);
    free(all->folder);
    free(all->base);
    free(all->ca_bundle);
    free(all->bases);
    free(all->hidden);
    free(all);
}
