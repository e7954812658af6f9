/* Containers: made, started, removed, listed, listened to. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/cgroup.h"
#include "engine/container_json.h"
#include "engine/job.h"
#include "engine/known.h"
#include "engine/network.h"
#include "engine/tail.h"

/* Steps are also held by who asks; these bound an engine that answers nothing. */
#define STEP_S 60
#define LIST_S 30
#define LOG_LINES "200"
/* Of a removal that another one is at already: asked again this often, this many times. */
#define REMOVE_AGAIN_MS 100
#define REMOVE_TRIES 200

static struct container_place place_of(const struct engine *en, char network[ENGINE_NETWORK_NAME])
{
    return (struct container_place){en->instance, engine_network_name(network, en), en->has_init};
}

static struct job *job_for(struct engine *en, const struct id *row, void *out, struct done done)
{
    struct job *job = job_new(en, out, done);
    char name[CONTAINER_NAME];

    job->name = mem_string(container_name(name, en->instance, row));
    return job;
}

static enum flow_result ask_inspect(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/containers/%s/json", job_of(f)->name);
}

/* Fills all but the row. */
static enum flow_result read_inspect(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct engine_container *c = job->out;
    char network[ENGINE_NETWORK_NAME];
    struct container_place place = place_of(job->engine, network);
    json_auto_t *answer = NULL;

    if (engine_answer_json(&answer, &job->answer, e) < 0 || container_inspected(c, answer, &place, e) < 0)
        return FLOW_FAIL;
    known_set(job->engine, &c->row, container_engine_id(answer));
    return FLOW_NEXT;
}

/* ---- create ---- */

static enum flow_result create_network(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);

    if (!job->text) {
        err_set(e, ERR_MALFORMED, "the image, the command or the environment of a container is not UTF-8");
        return FLOW_FAIL;
    }
    return flow_wait(f, engine_network_want(job->engine, flow_done(f)));
}

static enum flow_result create_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "POST", job_of(f)->text, "/containers/create?name=%s", job_of(f)->name);
}

/* Its name is taken: that is the container which an earlier try has made. */
static enum flow_result create_taken(struct flow *f, struct err *e)
{
    return job_of(f)->answer.status == 409 ? FLOW_NEXT : FLOW_FAIL;
}

static enum flow_result create_look(struct flow *f, struct err *e)
{
    return job_of(f)->answer.status == 409 ? ask_inspect(f, e) : FLOW_NEXT;
}

static enum flow_result create_read(struct flow *f, struct err *e)
{
    return job_of(f)->answer.status == 200 ? read_inspect(f, e) : FLOW_NEXT;
}

static const struct flow_step create_steps[] = {
    {"network", STEP_S, create_network, NULL},
    {"create", STEP_S, create_ask, create_taken},
    {"look", STEP_S, create_look, NULL},
    {"read", 0, create_read, NULL},
    {0},
};
static const struct flow_kind create_kind = {create_steps, NULL, job_end};

struct op *engine_container_create(struct engine *en, const struct engine_container_spec *spec,
                                   struct engine_container *out, struct done done)
{
    struct job *job = job_for(en, &spec->row, out, done);
    char network[ENGINE_NETWORK_NAME];
    struct container_place place = place_of(en, network);
    json_t *json = container_spec_json(spec, &place);

    *out = (struct engine_container){.row = spec->row, .session = spec->session};
    job->text = json ? job_body(json) : NULL;
    return job_start(job, &create_kind);
}

/* ---- start ---- */

static enum flow_result start_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "POST", NULL, "/containers/%s/start", job_of(f)->name);
}

static const struct flow_step start_steps[] = {
    {"start", STEP_S, start_ask, NULL},
    {"inspect", STEP_S, ask_inspect, NULL},
    {"read", 0, read_inspect, NULL},
    {0},
};
static const struct flow_kind start_kind = {start_steps, NULL, job_end};

struct op *engine_container_start(struct engine *en, struct engine_container *c, struct done done)
{
    return job_start(job_for(en, &c->row, c, done), &start_kind);
}

/* ---- look ---- */

/* An engine that is being stopped ends its containers, and still tells of that on connections that it has (20.10): what
 * it says counts when it takes new ones afterwards. */
static enum flow_result look_still_there(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    const struct engine_question question = {.method = "GET", .path = "/_ping", .unversioned = true, .alone = true};

    return flow_wait(f, engine_ask(job->engine, &question, &job->answer, flow_done(f)));
}

static const struct flow_step look_steps[] = {{"inspect", STEP_S, ask_inspect, NULL},
                                              {"read", 0, read_inspect, NULL},
                                              {"still there", STEP_S, look_still_there, NULL},
                                              {0}};
static const struct flow_kind look_kind = {look_steps, NULL, job_end};

struct op *engine_container_look(struct engine *en, struct engine_container *c, struct done done)
{
    return job_start(job_for(en, &c->row, c, done), &look_kind);
}

/* ---- remove ---- */

_Static_assert(ENGINE_STOP_MS == 2000, "the question below has it in seconds");

static enum flow_result stop_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "POST", NULL, "/containers/%s/stop?t=2", job_of(f)->name);
}

/* Whatever keeps it from stopping, removing it is by force. */
static enum flow_result stop_failed(struct flow *f, struct err *e)
{
    return e->code == ERR_ENGINE_GONE ? FLOW_FAIL : FLOW_NEXT;
}

static enum flow_result remove_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "DELETE", NULL, "/containers/%s?force=1&v=1", job_of(f)->name);
}

/* 409: another removal is at it already; it is done when that one is. 500: a file system that is busy for a moment. */
static enum flow_result remove_failed(struct flow *f, struct err *e)
{
    int status = job_of(f)->answer.status;

    if (e->code == ERR_ENGINE_MISSING)
        return FLOW_NEXT;
    if ((status != 409 && status != 500) || f->tries >= REMOVE_TRIES)
        return FLOW_FAIL;
    f->delay_ms = REMOVE_AGAIN_MS;
    return FLOW_AGAIN;
}

static enum flow_result remove_forget(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct id row;

    if (container_name_read(&row, job->engine->instance, job->name))
        known_forget(job->engine, &row);
    return FLOW_NEXT;
}

static const struct flow_step remove_steps[] = {
    {"stop", STEP_S, stop_ask, stop_failed},
    {"remove", STEP_S, remove_ask, remove_failed},
    {"forget", 0, remove_forget, NULL},
    {0},
};
static const struct flow_kind remove_kind = {remove_steps, NULL, job_end};

struct op *engine_container_remove(struct engine *en, const struct id *row, struct done done)
{
    return job_start(job_for(en, row, NULL, done), &remove_kind);
}

/* ---- list ---- */

static enum flow_result list_ask(struct flow *f, struct err *e)
{
    return job_ask_own(f, "/containers/json?all=1&filters=%s");
}

static enum flow_result list_read(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct engine_container_list *list = job->out;
    char network[ENGINE_NETWORK_NAME];
    struct container_place place = place_of(job->engine, network);
    json_auto_t *answer = NULL;
    json_t *item;
    size_t i;

    if (engine_answer_list(&answer, &job->answer, "containers", e) < 0)
        return FLOW_FAIL;
    known_clear(job->engine);
    *list = (struct engine_container_list){.items = mem_zero(json_array_size(answer), sizeof *list->items)};
    json_array_foreach (answer, i, item) {
        struct engine_container *c = &list->items[list->count];

        if (!container_listed(c, item, &place))
            continue;
        known_set(job->engine, &c->row, container_engine_id(item));
        list->count++;
    }
    return FLOW_NEXT;
}

static const struct flow_step list_steps[] = {{"ask", LIST_S, list_ask, NULL}, {"read", 0, list_read, NULL}, {0}};
static const struct flow_kind list_kind = {list_steps, NULL, job_end};

struct op *engine_container_list(struct engine *en, struct engine_container_list *out, struct done done)
{
    return job_start(job_new(en, out, done), &list_kind);
}

void engine_container_list_free(struct engine_container_list *list)
{
    free(list->items);
    *list = (struct engine_container_list){0};
}

/* ---- tail ---- */

static enum flow_result tail_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/containers/%s/logs?stdout=1&stderr=1&tail=" TAIL_LINES, job_of(f)->name);
}

static enum flow_result tail_take(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);

    tail_read(job->out, TAIL_MAX, (struct slice){buf_text(&job->answer.body), job->answer.body.len});
    return FLOW_NEXT;
}

static const struct flow_step tail_steps[] = {{"ask", LIST_S, tail_ask, NULL}, {"read", 0, tail_take, NULL}, {0}};
static const struct flow_kind tail_kind = {tail_steps, NULL, job_end};

struct op *engine_container_tail(struct engine *en, const struct id *row, char out[2001], struct done done)
{
    out[0] = '\0';
    return job_start(job_for(en, row, out, done), &tail_kind);
}

static enum flow_result log_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/containers/%s/logs?stdout=1&stderr=1&tail=" LOG_LINES, job_of(f)->name);
}

static enum flow_result log_take(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct buf *out = job->out;
    size_t room = job->answer.body.len < out->limit ? job->answer.body.len : out->limit;

    buf_clear(out);
    if (room)
        buf_added(out, tail_read(buf_reserve(out, room), room,
                                 (struct slice){buf_text(&job->answer.body), job->answer.body.len}));
    return FLOW_NEXT;
}

static const struct flow_step log_steps[] = {{"ask", LIST_S, log_ask, NULL}, {"read", 0, log_take, NULL}, {0}};
static const struct flow_kind log_kind = {log_steps, NULL, job_end};

struct op *engine_container_log(struct engine *en, const struct id *row, struct buf *out, struct done done)
{
    return job_start(job_for(en, row, out, done), &log_kind);
}

int64_t engine_container_cpu_us(const struct engine *en, const struct id *row)
{
    const char *engine_id = known_find(en, row);

    return engine_id ? cgroup_cpu_us(&(struct cgroup_place){CGROUP_ROOT, en->cgroup_parent}, engine_id) : -1;
}

int64_t engine_container_memory(const struct engine *en, const struct id *row)
{
    const char *engine_id = known_find(en, row);

    return engine_id ? cgroup_memory(&(struct cgroup_place){CGROUP_ROOT, en->cgroup_parent}, engine_id) : -1;
}
