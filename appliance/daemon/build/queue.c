/* The builds: one for each image name, some of them running, the rest waiting in order. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/queue.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/resolve.h"
#include "build/turn.h"
#include "engine/engine.h"
#include "engine/ledger.h"
#include "loop/loop.h"
#include "store/event.h"

#define SETTLE_MS 2000 /* after the engine has cut a build, until it is known whether it is still there */
#define LOOKS 10       /* at whether anybody watches, within the time in which somebody may come back */
#define LOOK_MAX_MS 60000

/* What build_want() returned: somebody waits. */
struct waiter {
    struct op op;
    struct list node; /* of the build, zero once there is only something to tell */
    struct build_result *out;
    struct done done;
    struct loop_timer *refused; /* the build could not be queued */
    struct err why;
};

const char *build_state_name(enum build_state state)
{
    static const char *const names[] = {"waiting", "running", "done", "failed"};

    return names[state];
}

/* ---- one build ---- */

void build_free(struct build *b)
{
    list_for_each_safe (node, &b->waiters)
        free(container_of(node, struct waiter, node));
    loop_timer_cancel(&b->limit);
    loop_timer_cancel(&b->quiet);
    build_log_release(&b->log);
    list_remove(&b->node);
    free(b);
}

char *build_log_path(const struct builds *all, const struct id *id)
{
    char text[ID_TEXT];

    return mem_format("%s/" BUILD_LOG_FRONT "%s", all->folder, id_text(text, id));
}

static int build_new(struct build **out, struct builds *all, const struct store_build *row, struct err *e)
{
    cleanup_free char *path = build_log_path(all, &row->id);
    struct build *b = mem_zero(1, sizeof *b);

    b->all = all;
    b->row = *row;
    b->told_ahead = -1;
    b->unwatched = -1;
    for (const char *c = row->repo_url; *c; c++) /* FNV-1a */
        b->repository = (b->repository ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    list_init(&b->waiters);
    if (build_log_open(&b->log, all->loop, path, e) < 0) {
        build_free(b);
        return -1;
    }
    *out = b;
    return 0;
}

static int write_move(struct build *b, enum build_state to, const struct err *why, struct err *e)
{
    static const char *const kinds[] = {"build.waiting", "build.running", "build.done", "build.failed"};
    struct image_row image = {.name = b->row.image, .engine_id = b->made, .lane = b->row.lane, .key = ""};
    struct store_event event = {.kind = kinds[to], .build = &b->row.id};
    cleanup_rollback struct store *open = b->all->store;

    if (store_begin(b->all->store, e) < 0) {
        open = NULL;
        return -1;
    }
    if (to == BUILD_DONE) {
        event.image = &b->image;
        if (image_note(b->all->store, &image, &b->image, e) < 0)
            return -1;
    }
    event.code = why ? why->code : ERR_NONE;
    if (store_build_put(b->all->store, &b->row, e) < 0 || store_event_add(b->all->store, &event, e) < 0)
        return -1;
    return store_commit(b->all->store, e);
}

int build_move(struct build *b, enum build_state to, const struct err *why, struct err *e)
{
    b->state = to;
    if (to == BUILD_RUNNING)
        b->row.started = clock_utc_ms();
    str_copy(b->row.state, sizeof b->row.state, build_state_name(to));
    if (to >= BUILD_DONE)
        b->row.ended = clock_utc_ms();
    if (why) {
        b->row.code = (int)why->code;
        str_copy(b->row.text, sizeof b->row.text, why->text);
    }
    return write_move(b, to, why, e);
}

/* ---- the queue ---- */

/* Builds are refused before anything else is, while there is still disk for what was built. */
static int check_disk(const struct builds *all, struct err *e)
{
    if (disk_check(engine_data_root(all->engine), &all->disk, e) < 0)
        return -1;
    return disk_check(all->folder, &all->disk, e);
}

/* How many run is how much memory builds have a claim to (decisions 19). */
static void count_running(struct builds *all, int change)
{
    all->n_running += change;
    ledger_claim(all->ledger, LEDGER_BUILDS, all->n_running * all->step_memory);
}

static void start(struct build *b)
{
    struct builds *all = b->all;
    struct err e;

    if (check_disk(all, &e) < 0) {
        build_ended(b, &e);
        return;
    }
    all->hungry = -1;
    turn_take(b);
    list_remove(&b->node);
    list_add(&all->running, &b->node);
    all->n_waiting--;
    count_running(all, 1);
    if (build_move(b, BUILD_RUNNING, NULL, &e) < 0)
        build_ended(b, &e);
    else
        build_run(b);
}

static bool may_start(const struct builds *all)
{
    return engine_state(all->engine) == ERR_NONE && all->n_running < all->at_a_time && !list_empty(&all->waiting);
}

static bool has_memory(const struct builds *all)
{
    return ledger_left(all->ledger) >= all->step_memory;
}

static void tell_want_of_memory(struct build *b)
{
    static const char sentence[] = "Waiting for memory: sessions and other builds have all that this machine can give.";

    if (!b->told_memory)
        build_log_line(b->log, "waiting", sentence, sizeof sentence - 1);
    b->told_memory = true;
}

static void advance_soon(struct builds *all);

static void advance(void *arg)
{
    struct builds *all = arg;

    all->advance = NULL;
    if (loop_now(all->loop) < all->not_before) {
        advance_soon(all);
        return;
    }
    while (may_start(all) && has_memory(all))
        start(turn_next(all));
    if (!may_start(all)) {
        all->hungry = -1;
    } else {
        tell_want_of_memory(turn_next(all));
        if (all->hungry < 0)
            all->hungry = loop_now(all->loop);
    }
    turn_tell(all);
}

static void advance_soon(struct builds *all)
{
    int64_t now = loop_now(all->loop);

    if (!all->advance)
        all->advance = loop_timer_new(all->loop, all->not_before > now ? all->not_before - now : 0, advance, all);
}

void builds_look_again(void *arg)
{
    advance_soon(arg);
}

/* ---- builds that end without having begun ---- */

static bool is_abandoned(struct build *b)
{
    int64_t now = loop_now(b->all->loop);

    if (build_log_watched(b->log))
        b->unwatched = -1;
    else if (b->unwatched < 0)
        b->unwatched = now;
    return b->unwatched >= 0 && now - b->unwatched >= b->all->abandon_ms;
}

static struct build *find_abandoned(struct builds *all)
{
    struct list *const lists[] = {&all->running, &all->waiting};

    for (size_t i = 0; i < 2; i++)
        list_for_each (node, lists[i])
            if (is_abandoned(container_of(node, struct build, node)))
                return container_of(node, struct build, node);
    return NULL;
}

static struct build *find_hungry(const struct builds *all)
{
    int64_t since = loop_now(all->loop) - QUEUE_HUNGRY_MS;

    list_for_each (node, &all->waiting) {
        struct build *b = container_of(node, struct build, node);

        if (all->hungry >= 0 && all->hungry <= since && b->queued <= since)
            return b;
    }
    return NULL;
}

static void look_later(struct builds *all);

/* Who ends a build may be called back, and want another: so the search begins anew each time. */
static void look(void *arg)
{
    struct builds *all = arg;
    struct err why;

    all->look = NULL;
    err_set(&why, ERR_BUILD_ABANDONED, "nobody has watched this build for %d s, so it was stopped",
            all->abandon_ms / 1000);
    for (struct build *b; (b = find_abandoned(all));) {
        if (b->state == BUILD_RUNNING)
            flow_cancel(&b->flow, &why);
        else
            build_ended(b, &why);
    }
    err_set(
        &why, ERR_BUILD_HUNGRY,
        "This build has waited %d minutes for memory, which sessions and other builds have. Please try again later.",
        QUEUE_HUNGRY_MS / 60000);
    for (struct build *b; (b = find_hungry(all));)
        build_ended(b, &why);
    look_later(all);
}

static void look_later(struct builds *all)
{
    int every = all->abandon_ms / LOOKS < LOOK_MAX_MS ? all->abandon_ms / LOOKS : LOOK_MAX_MS;

    if (!all->look && all->n_waiting + all->n_running > 0)
        all->look = loop_timer_new(all->loop, every, look, all);
}

static void enqueue(struct build *b)
{
    list_add(&b->all->waiting, &b->node);
    b->all->n_waiting++;
    b->queued = loop_now(b->all->loop);
    advance_soon(b->all);
    look_later(b->all);
}

/* ---- the end ---- */

/* The logs of the last ones are kept for those who come late. */
static void keep_ended(struct build *b)
{
    struct builds *all = b->all;

    list_remove(&b->node);
    list_add(&all->ended, &b->node);
    if (++all->n_ended > QUEUE_ENDED_MAX) {
        build_free(container_of(all->ended.next, struct build, node));
        all->n_ended--;
    }
}

static void tell_waiters(struct build *b, const struct err *why)
{
    while (!list_empty(&b->waiters)) {
        struct waiter *w = container_of(b->waiters.next, struct waiter, node);
        struct done done = w->done;

        w->out->image = b->image;
        list_remove(&w->node);
        free(w);
        done_call(done, why);
    }
}

/* What goes on by itself is cut by the engine's end, and by whoever removes the environment beneath it. */
static const char *cut_by(const struct build *b, const struct err *why)
{
    if (b->state != BUILD_RUNNING || b->row.restarts > 0)
        return NULL;
    if (why->code == ERR_ENGINE_GONE)
        return "The container engine went away: this build begins again when it is back.";
    if (why->code == ERR_BUILD_DOCKERFILE && b->environment[0] && strstr(why->text, b->environment))
        return "Its environment was removed meanwhile: this build begins again.";
    return NULL;
}

/* false: it stays as it is. */
static bool begin_again(struct build *b, const char *sentence)
{
    struct builds *all = b->all;
    struct err e;

    b->row.restarts++;
    if (build_move(b, BUILD_WAITING, NULL, &e) < 0) {
        b->state = BUILD_RUNNING; /* whose place among those that run it gives back at its end */
        return false;
    }
    build_say(b, "building", sentence, strlen(sentence));
    log_line(LOG_NOTICE, ERR_NONE, "%s BUILD=%s", sentence, id_text((char[ID_TEXT]){0}, &b->row.id));
    b->told_ahead = -1;
    count_running(all, -1);
    list_remove(&b->node);
    all->not_before = loop_now(all->loop) + SETTLE_MS;
    enqueue(b);
    return true;
}

static void leave_queue(struct build *b)
{
    if (b->state == BUILD_WAITING)
        b->all->n_waiting--;
    else
        count_running(b->all, -1);
}

/* `why` is none for a build that ended well, and becomes one where that cannot be kept. */
static void close_build(struct build *b, struct err *why)
{
    char id[ID_TEXT];
    struct err e;

    if (why->code)
        log_err(LOG_NOTICE, why, "build failed BUILD=%s", id_text(id, &b->row.id));
    leave_queue(b);
    if (build_move(b, why->code ? BUILD_FAILED : BUILD_DONE, why->code ? why : NULL, &e) < 0) {
        log_err(LOG_ERR, &e, "a build's end could not be kept BUILD=%s", id_text(id, &b->row.id));
        *why = why->code ? *why : e;
    } else if (!why->code) {
        turn_note(&b->all->history, b->row.ended - b->row.started);
    }
    b->over = loop_now(b->all->loop);
    build_log_end(b->log);
}

void build_ended(struct build *b, const struct err *why)
{
    struct builds *all = b->all;
    const char *cut = why ? cut_by(b, why) : NULL;
    struct err end = why ? *why : (struct err){0};

    if (end.code == ERR_CANCELLED) {
        build_log_put_away(b->log);
        return;
    }
    if (cut && begin_again(b, cut))
        return;
    close_build(b, &end);
    keep_ended(b);
    advance_soon(all);
    tell_waiters(b, end.code ? &end : NULL);
}

static struct build *find_active(struct builds *all, const char *image)
{
    struct list *const lists[] = {&all->running, &all->waiting};

    for (size_t i = 0; i < 2; i++)
        list_for_each (node, lists[i])
            if (str_is(container_of(node, struct build, node)->row.image, image))
                return container_of(node, struct build, node);
    return NULL;
}

/* ---- wanting ---- */

static int queue_new(struct build **out, struct builds *all, const struct build_spec *spec, struct err *e)
{
    struct store_build row = {.id = id_new(), .created = clock_utc_ms()};

    if (check_disk(all, e) < 0)
        return -1;
    if (all->n_waiting >= QUEUE_WAITING_MAX)
        return err_set(e, ERR_BUILD_QUEUE_FULL, "%d builds are waiting here already; please try again later",
                       all->n_waiting);
    if (!str_copy(row.image, sizeof row.image, spec->image) ||
        !str_copy(row.repo_url, sizeof row.repo_url, spec->repo_url) ||
        !str_copy(row.commit, sizeof row.commit, spec->commit) || !str_copy(row.ref, sizeof row.ref, spec->ref))
        return err_set(e, ERR_TOO_LARGE, "the repository's address is too long");
    if (build_new(out, all, &row, e) < 0)
        return -1;
    if (build_move(*out, BUILD_WAITING, NULL, e) < 0) {
        build_free(*out);
        return -1;
    }
    enqueue(*out);
    return 0;
}

static void cancel_waiter(struct op *op)
{
    struct waiter *w = container_of(op, struct waiter, op);

    list_remove(&w->node);
    loop_timer_cancel(&w->refused);
    free(w);
}

static void refuse(void *arg)
{
    struct waiter *w = arg;
    struct done done = w->done;
    struct err why = w->why;

    free(w);
    done_call(done, &why);
}

static struct build *find_ended(const struct builds *all, const char *image)
{
    for (struct list *node = all->ended.before; node != &all->ended; node = node->before)
        if (str_is(container_of(node, struct build, node)->row.image, image))
            return container_of(node, struct build, node);
    return NULL;
}

/* What the repository itself is at fault for would only fail again. */
static bool has_just_failed(const struct builds *all, const char *image, struct err *why)
{
    const struct build *b = find_ended(all, image);
    int64_t ago = b ? loop_now(all->loop) - b->over : 0;
    int status = b ? err_info((enum err_code)b->row.code)->http_status : 0;

    if (!b || b->state != BUILD_FAILED || ago >= all->failed_keep_ms || (status != 413 && status != 422))
        return false;
    err_set(why, (enum err_code)b->row.code, "%s", b->row.text);
    err_wrap(why, "failed %d s ago, tried anew after %d s", (int)(ago / 1000), all->failed_keep_ms / 1000);
    return true;
}

struct op *build_want(struct builds *all, const struct build_spec *spec, struct build_result *out, struct done done)
{
    struct waiter *w = mem_zero(1, sizeof *w);
    struct build *b = find_active(all, spec->image);

    w->op.cancel = cancel_waiter;
    w->out = out;
    w->done = done;
    if (b || (!has_just_failed(all, spec->image, &w->why) && queue_new(&b, all, spec, &w->why) == 0))
        list_add(&b->waiters, &w->node);
    else
        w->refused = loop_timer_new(all->loop, 0, refuse, w);
    return &w->op;
}

struct op *build_resolve(struct builds *all, const struct build_question *q, char ref[256], struct done done)
{
    return resolver_ask(all->resolver, q, ref, done);
}

struct build_log *build_log_find(struct builds *all, const char *image)
{
    struct build *b = find_active(all, image);

    if (!b)
        b = find_ended(all, image);
    return b ? b->log : NULL;
}

/* ---- what an earlier daemon left ---- */

void builds_take_up(void *arg, const struct store_build *row)
{
    static const char again[] = "The daemon was restarted: this build begins again.";
    struct builds *all = arg;
    bool ran = str_is(row->state, build_state_name(BUILD_RUNNING));
    struct build *b;
    struct err e;

    if (build_new(&b, all, row, &e) < 0) {
        log_err(LOG_ERR, &e, "a build could not be taken up");
        return;
    }
    if (ran && ++b->row.restarts > 1) {
        struct err cut;

        err_set(&cut, ERR_BUILD_CUT,
                "this build was cut short twice, the last time by a restart of the daemon; please "
                "try again");
        b->state = BUILD_RUNNING;
        list_add(&all->running, &b->node);
        count_running(all, 1);
        build_ended(b, &cut);
        return;
    }
    if (ran)
        build_log_line(b->log, "building", again, sizeof again - 1);
    if (build_move(b, BUILD_WAITING, NULL, &e) < 0)
        log_err(LOG_ERR, &e, "a build that begins again could not be kept");
    enqueue(b);
}
