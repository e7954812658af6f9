/* One build, from a resolved repository to an image: plan, environment, content. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/unicode.h"
#include "build/fetcher.h"
#include "build/lines.h"
#include "build/make.h"
#include "build/queue.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "wire/fetch.h"

#define FETCH_TRIES 30
#define FETCH_AGAIN_MS 1000

static struct build *build_of(struct flow *f)
{
    return container_of(f, struct build, flow);
}

/* ---- labels ---- */

static void add_labels(struct pairs *labels, const struct build *b)
{
    image_mark(labels, &b->all->marks, b->plan.lane);
    pairs_add(labels, "repo2docker.repo", b->row.repo_url);
    pairs_add(labels, "repo2docker.ref", b->row.commit);
    pairs_add(labels, "repo2docker.version", "ringbinder-" RINGBINDER_VERSION);
}

/* ---- what fetch and the engine say ---- */

static void take_fetch_line(void *arg, const char *text, size_t len)
{
    struct build *b = arg;

    build_say(b, "fetching", text, len);
}

static void take_engine_line(void *arg, const char *text, size_t len)
{
    struct build *b = arg;

    build_say(b, "building", text, len);
}

static bool is_step(const struct build *b, const char *name)
{
    return b->flow.at->name && str_is(b->flow.at->name, name);
}

/* A fetch that fails ends its build in whatever step it is; the step that pulls from it could only wait. */
static void fetch_ready(void *arg)
{
    struct build *b = arg;
    const struct err *failed = fetcher_error(b->fetcher);
    struct err why;

    if (failed) {
        why = *failed;
        flow_cancel(&b->flow, &why);
    } else if (b->flow.out && is_step(b, "environment")) {
        environment_more(b->flow.out);
    } else if (b->flow.out && is_step(b, "content")) {
        make_more(b->flow.out);
    }
}

/* ---- step plan ---- */

static enum flow_result plan_open(struct flow *f, struct err *e)
{
    struct build *b = build_of(f);
    bool heredoc = engine_can(b->all->engine) & ENGINE_CAN_HEREDOC;
    struct fetcher_repository repository = {
        .url = b->row.repo_url,
        .commit = b->row.commit,
        .ref = b->row.ref,
        .ca_bundle = b->all->ca_bundle,
        .bases = b->all->bases,
        .hidden = b->all->hidden,
        .can = WIRE_FETCH_CAN_DOCKERFILE | WIRE_FETCH_CAN_LAYERS | (heredoc ? WIRE_FETCH_CAN_HEREDOC : 0),
        .size_max = (uint64_t)b->all->repository_max,
    };

    fetcher_free(&b->fetcher);
    b->fetcher = fetcher_new(
        b->all->loop, &(struct fetcher_spec){
                          .socket = b->all->fetch_socket, .line = take_fetch_line, .ready = fetch_ready, .arg = b});
    return flow_wait(f, fetcher_open(b->fetcher, &repository, &b->plan, flow_done(f)));
}

/* One that is being upgraded or restarted comes back within seconds. */
static enum flow_result plan_again(struct flow *f, struct err *e)
{
    static const char sentence[] = "The program that reads repositories is being restarted; trying again.";
    struct build *b = build_of(f);

    if ((e->code != ERR_FETCH_AWAY && e->code != ERR_FETCH_VERSION) || f->tries >= FETCH_TRIES)
        return FLOW_FAIL;
    if (f->tries == 1)
        build_say(b, "fetching", sentence, sizeof sentence - 1);
    f->delay_ms = FETCH_AGAIN_MS;
    return FLOW_AGAIN;
}

/* ---- step environment ---- */

static enum flow_result environment_run(struct flow *f, struct err *e)
{
    struct build *b = build_of(f);
    struct environment_spec spec = {.fetcher = b->fetcher, .plan = &b->plan, .build = b};

    str_copy(b->row.lane, sizeof b->row.lane, b->plan.lane);
    if (b->plan.why[0])
        build_say(b, "fetching", b->plan.why, strlen(b->plan.why));
    return flow_wait(f, environment_make(b->all, &spec, b->environment, flow_done(f)));
}

/* ---- step content ---- */

static ssize_t pull_content(void *arg, void *to, size_t room)
{
    struct build *b = arg;
    ssize_t got = fetcher_pull(b->fetcher, to, room);

    if (got > 0)
        b->progress = loop_now(b->all->loop);
    return got;
}

/* What a tar adds to the files themselves is at most a few blocks each; the true limit is fetch's own. */
static uint64_t context_max(const struct build *b)
{
    return 4 * (uint64_t)b->all->repository_max + (64 << 20);
}

static enum flow_result content_build(struct flow *f, struct err *e)
{
    struct build *b = build_of(f);
    unsigned last = b->plan.images - 1;
    struct make_spec spec = {.name = b->row.image,
                             .environment = b->environment,
                             .dockerfile = b->plan.dockerfile[last],
                             .pull = pull_content,
                             .line = take_engine_line,
                             .arg = b};

    build_args_begin(&spec.args);
    if (b->environment[0])
        pairs_add(&spec.args, "RB_ENVIRONMENT", b->environment);
    build_args_add_proxies(&spec.args);
    add_labels(&spec.labels, b);
    fetcher_context(b->fetcher, last, context_max(b));
    return flow_wait(f, make_image(b->all, &spec, b->made, flow_done(f)));
}

/* ---- the flow ---- */

/* From fetch's connection to the engine's nothing can be taken up in the middle: a cut build begins again at `plan`.
 * The steps have no limits of their own beside the build's. */
static const struct flow_step run_steps[] = {
    {"plan", 0, plan_open, plan_again},
    {"environment", 0, environment_run, NULL},
    {"content", 0, content_build, NULL},
    {0},
};

static int run_enter(struct flow *f, const char *step, struct err *e)
{
    struct build *b = build_of(f);

    str_copy(b->row.step, sizeof b->row.step, step);
    return store_build_step(b->all->store, &b->row.id, step, e);
}

static void run_end(struct flow *f, const struct err *e)
{
    struct build *b = build_of(f);
    struct err why;

    fetcher_free(&b->fetcher);
    loop_timer_cancel(&b->limit);
    loop_timer_cancel(&b->quiet);
    if (e && e->code == ERR_BUILD_DOCKERFILE) {
        why = *e;
        lines_of_repository(&why, b->plan.added);
        e = &why;
    }
    build_ended(b, e);
}

static const struct flow_kind run_kind = {run_steps, run_enter, run_end};

/* ---- what ends it from outside ---- */

void build_say(struct build *b, const char *phase, const char *text, size_t len)
{
    b->progress = loop_now(b->all->loop);
    build_log_line(b->log, phase, text, len);
    if (slice_trim((struct slice){text, len}).len)
        unicode_sentence(b->last, sizeof b->last, (struct slice){text, len});
}

static void over_limit(void *arg)
{
    struct build *b = arg;
    struct err why;

    b->limit = NULL;
    err_set(&why, ERR_BUILD_SLOW, "the build took longer than the %d s that a build may take here", b->all->limit_s);
    flow_cancel(&b->flow, &why);
}

/* Asked once in a while, not armed anew with each line. */
static void look_for_progress(void *arg)
{
    struct build *b = arg;
    int64_t still = loop_now(b->all->loop) - b->progress;
    struct err why;

    b->quiet = NULL;
    if (still < b->all->progress_ms) {
        b->quiet = loop_timer_new(b->all->loop, b->all->progress_ms - still, look_for_progress, b);
        return;
    }
    err_set(&why, ERR_BUILD_STUCK, "nothing has happened in this build for %d s, so it was stopped; its last line: %s",
            b->all->progress_ms / 1000, b->last[0] ? b->last : "none");
    flow_cancel(&b->flow, &why);
}

void build_run(struct build *b)
{
    struct loop *loop = b->all->loop;

    b->progress = b->began = loop_now(loop);
    b->last[0] = b->environment[0] = b->made[0] = '\0';
    flow_start(&b->flow, &run_kind, loop, NULL);
    b->limit = loop_timer_new(loop, (int64_t)b->all->limit_s * 1000, over_limit, b);
    b->quiet = loop_timer_new(loop, b->all->progress_ms, look_for_progress, b);
}
