/* From a session's row to its open door. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/flow.h"
#include "loop/loop.h"
#include "session/answer.h"
#include "session/fault.h"
#include "session/room.h"
#include "session/spec.h"
#include "session/start.h"
#include "store/rows.h"

#define DOOR_LIMIT_MS 8000 /* a gateway that was started at the same time answers within it */

struct start {
    struct op op; /* what session_start() returned */
    struct flow flow;
    struct session *session;           /* outlives this */
    struct engine_container container; /* create fills it, start its address */
    struct op *answer;                 /* the op of the steps answer and door; NULL: in another step */
    struct session_door *out;
    struct done done;
};

static enum flow_result start_create(struct flow *f, struct err *e)
{
    struct start *s = container_of(f, struct start, flow);
    const struct sessions *all = s->session->all;
    cleanup_words struct session_words command = {0}, environment = {0};
    struct engine_container_spec spec = {.row = s->session->container, .session = s->session->id};
    char token[SESSION_TOKEN_TEXT];
    struct store_session row;

    if (session_row(s->session, &row, e) < 0)
        return FLOW_FAIL;
    session_token(token, all->secret, &s->session->id);
    session_command(&command, &all->settings, row.name, token);
    session_environment(&environment, &all->settings, &row);
    spec.image = row.image_name;
    spec.command = (const char *const *)command.items;
    spec.environment = (const char *const *)environment.items;
    spec.memory_bytes = all->settings.memory_bytes;
    spec.memory_guarantee_bytes = all->settings.memory_guarantee_bytes;
    spec.cpu_millis = all->settings.cpu_millis;
    spec.processes = all->settings.processes;
    return flow_wait(f, engine_container_create(all->parts.engine, &spec, &s->container, flow_done(f)));
}

/* The engine is silent: what a visitor reads is not a step's name. */
static enum flow_result recover_create(struct flow *f, struct err *e)
{
    if (e->code == ERR_DEADLINE)
        err_set(e, ERR_SESSION_ENGINE_SLOW, "The container engine did not make a container within %d s",
                f->at->limit_s);
    return FLOW_FAIL;
}

static enum flow_result recover_run(struct flow *f, struct err *e)
{
    if (e->code == ERR_DEADLINE)
        err_set(e, ERR_SESSION_ENGINE_SLOW, "The container engine did not start the container within %d s",
                f->at->limit_s);
    else
        fault_of_engine(e);
    return FLOW_FAIL;
}

static enum flow_result start_run(struct flow *f, struct err *e)
{
    struct start *s = container_of(f, struct start, flow);

    return flow_wait(f, engine_container_start(s->session->all->parts.engine, &s->container, flow_done(f)));
}

static enum flow_result wait_for_answer(struct start *s, const struct answer_spec *spec)
{
    s->answer = answer_wait(s->session, spec, flow_done(&s->flow));
    return flow_wait(&s->flow, s->answer);
}

static enum flow_result start_answer(struct flow *f, struct err *e)
{
    struct start *s = container_of(f, struct start, flow);
    struct session *session = s->session;
    struct answer_spec spec = {.limit_ms = session->all->settings.answer_limit_ms};
    enum flow_result result;

    memcpy(session->address, s->container.address, sizeof session->address);
    session->changed = sweep_turn(session->all->sweeper); /* an older listing does not know that it runs */
    result = wait_for_answer(s, &spec);
    if (!s->container.running) /* it ended at once, before anybody was there to hear of it */
        answer_died(s->answer, s->container.exit_code);
    return result;
}

static enum flow_result start_route(struct flow *f, struct err *e)
{
    struct start *s = container_of(f, struct start, flow);

    s->answer = NULL;
    routes_open(s->session, s->container.address);
    return FLOW_NEXT;
}

static enum flow_result start_door(struct flow *f, struct err *e)
{
    struct answer_spec spec = {.through_gateway = true, .limit_ms = DOOR_LIMIT_MS};

    return wait_for_answer(container_of(f, struct start, flow), &spec);
}

static const struct flow_step start_steps[] = {
    {"create", 10, start_create, recover_create},
    {"start", 60, start_run, recover_run}, /* fills container.address */
    {"answer", 600, start_answer, NULL},   /* asks the container itself until it answers; start_timeout is shorter */
    {"route", 1, start_route, NULL},       /* tells the gateway */
    {"door", 15, start_door, NULL},        /* asks once more, through the gateway; DOOR_LIMIT_MS is shorter */
    {0},
};

static int start_enter(struct flow *f, const char *step, struct err *e)
{
    struct session *session = container_of(f, struct start, flow)->session;

    return store_session_step(session->all->parts.store, &session->id, step, e);
}

/* Success, a step's error, its limit and cancelling all come here, once. */
static void start_end(struct flow *f, const struct err *e)
{
    struct start *s = container_of(f, struct start, flow);
    struct session *session = s->session;
    struct done done = s->done;
    struct err why;

    session->start = NULL;
    s->answer = NULL;
    if (!session->all->closing)
        session_cause(session, e ? SESSION_ENDED : SESSION_ANSWERED, e); /* commits; the sweeper removes */
    if (!e && session->state != SESSION_RUNNING) {
        err_set(&why, ERR_STORE_FAILED, "that the server answers could not be written down");
        e = &why;
    }
    if (!e)
        session_door_of(s->out, session);
    free(s);
    done_call(done, e);
}

static const struct flow_kind start_kind = {start_steps, start_enter, start_end};

static void start_cancel(struct op *op)
{
    struct start *s = container_of(op, struct start, op);

    flow_abandon(&s->flow, &s->done);
}

void start_died(struct session *session, int exit_code)
{
    if (session->start->answer)
        answer_died(session->start->answer, exit_code);
}

void start_stop(struct session *session, const struct err *why)
{
    flow_cancel(&session->start->flow, why);
}

void start_abandon(struct session *session)
{
    op_cancel(&(struct op *){&session->start->op});
}

/* Where the daemon died after the start, the address is asked for again: starting bears it. */
static const char *step_from(const char *step)
{
    if (!step[0] || str_is(step, "create"))
        return "create";
    return "start";
}

struct op *start_begin(struct session *session, const char *step, struct session_door *out, struct done done)
{
    struct start *s = mem_zero(1, sizeof *s);

    s->op.cancel = start_cancel;
    s->session = session;
    s->container.row = session->container;
    s->container.session = session->id;
    s->out = out;
    s->done = done;
    session->start = s;
    flow_start(&s->flow, &start_kind, session->all->parts.loop, step_from(step));
    return &s->op;
}
