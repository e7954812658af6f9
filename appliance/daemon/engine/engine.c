/* The engine's presence: which version it speaks, what it can, and whether it is there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/engine.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/job.h"
#include "engine/known.h"
#include "engine/state.h"
#include "engine/steplimit.h"
#include "loop/loop.h"

/* The minor numbers of the API's 1.x that we speak: 1.41 is Engine 20.10; nothing after 1.47 has been read. */
#define MINOR_MIN 41u
#define MINOR_MAX 47u
#define MINOR_NONE 1000u
#define HEREDOC_SINCE 23u /* Engine 23's own Dockerfile syntax is 1.4 (builds.md 4.1) */
/* Together at most 15 s until a silent engine is away (engine.h). */
#define PING_EVERY_MS 10000
#define PING_LIMIT_MS 5000
#define CONNECT_STEP_S 10

static void engine_connect(void *arg);

static void engine_say(struct engine *en, const struct err *why)
{
    bool news = en->why.code != (why ? why->code : ERR_NONE);

    if (why && (news || !str_is(en->why.text, why->text)))
        log_err(LOG_WARNING, why, "the container engine");
    en->why = why ? *why : (struct err){0};
    if (news)
        watch_wake_all(&en->watchers);
}

void engine_lost(struct engine *en, const struct err *why)
{
    op_cancel(&en->events);
    op_cancel(&en->ping);
    loop_timer_cancel(&en->timer);
    en->version[0] = '\0';
    en->timer = loop_timer_new(en->loop, en->ask_again_ms, engine_connect, en);
    engine_say(en, why);
}

/* ---- is it still there? ---- */

static void ping_done(void *arg, const struct err *e);

static void ping_begin(void *arg)
{
    struct engine *en = arg;
    struct engine_question question = {.method = "GET", .path = "/_ping", .limit_ms = PING_LIMIT_MS};

    en->timer = NULL;
    question.unversioned = true;
    en->ping = engine_ask(en, &question, &en->pong, (struct done){ping_done, en});
}

static void ping_done(void *arg, const struct err *e)
{
    struct engine *en = arg;
    struct err why;

    en->ping = NULL;
    engine_answer_free(&en->pong);
    if (!e) {
        en->timer = loop_timer_new(en->loop, PING_EVERY_MS, ping_begin, en);
        return;
    }
    why = *e;
    if (why.code == ERR_DEADLINE)
        err_set(&why, ERR_ENGINE_GONE, "no answer from the engine at %s within %d s", en->socket, PING_LIMIT_MS / 1000);
    engine_lost(en, &why);
}

void engine_doubt(struct engine *en)
{
    if (!en->version[0] || en->ping)
        return;
    loop_timer_cancel(&en->timer);
    en->timer = loop_timer_new(en->loop, 0, ping_begin, en);
}

static void events_done(void *arg, const struct err *e)
{
    struct engine *en = arg;

    en->events = NULL;
    if (e->code != ERR_DEADLINE) {
        engine_lost(en, e);
        return;
    }
    en->events = engine_events(en, (struct done){events_done, en});
    watch_wake_all(&en->watchers); /* what the old stream did not tell is in a listing */
}

/* ---- who is there? ---- */

static enum flow_result connect_version(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct engine_question question = {.method = "GET", .path = "/version", .unversioned = true};

    return flow_wait(f, engine_ask(job->engine, &question, &job->answer, flow_done(f)));
}

/* "1.41" -> 41; 0 for what is no such number. */
static unsigned minor_of(const char *version)
{
    uint64_t minor = 0;

    if (!version || !str_starts(version, "1.") || !str_number(&minor, slice_of(version + 2), MINOR_NONE))
        return 0;
    return (unsigned)minor;
}

static int choose_version(struct engine *en, const json_t *answer, struct err *e)
{
    const char *most = json_string_value(json_object_get(answer, "ApiVersion"));
    const char *least = json_string_value(json_object_get(answer, "MinAPIVersion"));
    unsigned theirs = minor_of(most), ours = theirs < MINOR_MAX ? theirs : MINOR_MAX;

    if (!theirs)
        return err_set(e, ERR_ENGINE_ODD, "the engine does not say which version it speaks");
    if (theirs < MINOR_MIN || minor_of(least) > MINOR_MAX)
        return err_set(e, ERR_ENGINE_VERSION, "the engine speaks %s to %s, we 1.%u to 1.%u", least ? least : "1.0",
                       most, MINOR_MIN, MINOR_MAX);
    snprintf(en->version, sizeof en->version, "v1.%u", ours);
    return 0;
}

/* Docker's engine has a component called "Engine"; what Podman answers on its socket has not (builds.md 4.5). */
static unsigned abilities(const json_t *answer)
{
    const char *version = json_string_value(json_object_get(answer, "Version"));
    struct slice rest = slice_of(version ? version : "");
    uint64_t major = 0;
    json_t *component;
    size_t i;

    json_array_foreach (json_object_get(answer, "Components"), i, component) {
        const char *name = json_string_value(json_object_get(component, "Name"));

        if (!name || !str_is(name, "Engine"))
            continue;
        str_number(&major, slice_cut(&rest, '.'), UINT32_MAX);
        return ENGINE_CAN_TRACE | ENGINE_CAN_STOP_BUILD | (major >= HEREDOC_SINCE ? ENGINE_CAN_HEREDOC : 0u);
    }
    return 0;
}

static enum flow_result connect_read_version(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    json_auto_t *answer = NULL;

    if (engine_answer_json(&answer, &job->answer, e) < 0 || choose_version(job->engine, answer, e) < 0)
        return FLOW_FAIL;
    job->engine->can = abilities(answer);
    return FLOW_NEXT;
}

static enum flow_result connect_info(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/info%s", "");
}

static const char *text_of(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));

    return text ? text : "";
}

/* What its own cgroup lies in. Of a socket that systemd made the other end is systemd, which lies nowhere: then the
 * engine is where systemd's units are. */
static char *above_engine(const struct engine *en)
{
    cleanup_close int fd = -1;
    cleanup_free char *file = NULL;
    struct err ignored;
    pid_t process;

    if (fd_connect_unix(&fd, en->socket, SOCK_STREAM | SOCK_NONBLOCK, &ignored) < 0 ||
        fd_peer_process(&process, fd, &ignored) < 0)
        return NULL;
    file = mem_format("/proc/%d/cgroup", (int)process);
    return cgroup_above(file);
}

/* Where it keeps its images, and where its build steps appear. Builds that are under way keep their limiter. */
static void take_place(struct engine *en, const json_t *info)
{
    cleanup_free char *beside = above_engine(en);
    const struct steplimit_place place = {
        .root = CGROUP_ROOT,
        .beside = beside,
        .parent = en->cgroup_parent,
        .driver = text_of(info, "CgroupDriver"),
        .data_root = text_of(info, "DockerRootDir"),
    };
    struct err e;

    free(en->data_root);
    en->data_root = mem_string(place.data_root);
    if (!en->steplimit || !steplimit_busy(en->steplimit)) {
        steplimit_free(&en->steplimit);
        if (steplimit_new(&en->steplimit, en->loop, &place, &e) < 0)
            log_err(LOG_WARNING, &e, "steps of builds have no limits here");
    }
    if (en->steplimit)
        en->can |= ENGINE_CAN_LIMIT_STEPS;
}

static enum flow_result connect_read_info(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    json_auto_t *answer = NULL;
    const char *init;

    if (engine_answer_json(&answer, &job->answer, e) < 0)
        return FLOW_FAIL;
    init = json_string_value(json_object_get(answer, "InitBinary"));
    job->engine->has_init = init && init[0];
    take_place(job->engine, answer);
    return FLOW_NEXT;
}

static const struct flow_step connect_steps[] = {
    {"version", CONNECT_STEP_S, connect_version, NULL},
    {"read version", 0, connect_read_version, NULL},
    {"info", CONNECT_STEP_S, connect_info, NULL},
    {"read info", 0, connect_read_info, NULL},
    {0},
};
static const struct flow_kind connect_kind = {connect_steps, NULL, job_end};

static void connect_done(void *arg, const struct err *e)
{
    struct engine *en = arg;

    en->connecting = NULL;
    if (e) {
        struct err why = *e;

        /* One that refuses to say who it is, or is slow to, is still starting. */
        if (why.code != ERR_ENGINE_VERSION && why.code != ERR_ENGINE_ODD)
            why.code = ERR_ENGINE_GONE;
        engine_lost(en, &why);
        return;
    }
    log_line(LOG_INFO, ERR_NONE, "the container engine at %s answers, API %s", en->socket, en->version + 1);
    en->events = engine_events(en, (struct done){events_done, en});
    en->timer = loop_timer_new(en->loop, PING_EVERY_MS, ping_begin, en);
    engine_say(en, NULL);
}

static void engine_connect(void *arg)
{
    struct engine *en = arg;

    en->timer = NULL;
    en->connecting = job_start(job_new(en, NULL, (struct done){connect_done, en}), &connect_kind);
}

/* ---- the object ---- */

int engine_new(struct engine **out, struct loop *loop, struct outbound *outbound,
               const struct engine_settings *settings, struct err *e)
{
    struct engine *en;

    if (strlen(settings->instance) >= ENGINE_INSTANCE_MAX)
        return err_set(e, ERR_MALFORMED, "%s is no instance: 8 hex digits", settings->instance);
    en = mem_zero(1, sizeof *en);
    *en = (struct engine){.loop = loop, .outbound = outbound, .ask_again_ms = settings->ask_again_ms};
    en->events_ms = settings->events_ms ? settings->events_ms : ENGINE_EVENTS_MS;
    en->socket = mem_string(settings->socket);
    en->cgroup_parent = mem_string(settings->cgroup_parent);
    en->data_root = mem_string("");
    str_copy(en->instance, sizeof en->instance, settings->instance);
    list_init(&en->watchers);
    err_set(&en->why, ERR_ENGINE_GONE, "the engine at %s has not answered yet", en->socket);
    en->timer = loop_timer_new(loop, 0, engine_connect, en);
    *out = en;
    return 0;
}

void engine_free(struct engine **en)
{
    struct engine *it = STEAL(*en);

    if (!it)
        return;
    op_cancel(&it->connecting);
    op_cancel(&it->events);
    op_cancel(&it->ping);
    engine_answer_free(&it->pong);
    loop_timer_cancel(&it->timer);
    known_clear(it);
    steplimit_free(&it->steplimit);
    free(it->data_root);
    free(it->cgroup_parent);
    free(it->socket);
    free(it);
}

unsigned engine_can(const struct engine *en)
{
    return en->can;
}

const char *engine_data_root(const struct engine *en)
{
    return en->data_root;
}

enum err_code engine_state(const struct engine *en)
{
    return en->why.code;
}

void engine_watch(struct engine *en, struct watch *w)
{
    watch_begin(&en->watchers, w);
}
