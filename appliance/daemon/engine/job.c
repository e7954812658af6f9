/* An op of this room that is a flow of questions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/job.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "engine/state.h"

static void job_cancel(struct op *op)
{
    struct job *job = container_of(op, struct job, op);

    flow_abandon(&job->flow, &job->done);
}

struct job *job_new(struct engine *en, void *out, struct done done)
{
    struct job *job = mem_zero(1, sizeof *job);

    *job = (struct job){.op = {job_cancel}, .engine = en, .out = out, .done = done};
    return job;
}

struct op *job_start(struct job *job, const struct flow_kind *kind)
{
    flow_start(&job->flow, kind, job->engine->loop, NULL);
    return &job->op;
}

void job_end(struct flow *f, const struct err *e)
{
    struct job *job = job_of(f);
    struct done done = job->done;
    struct err late;

    if (e && e->code == ERR_DEADLINE) { /* a visitor may read it: neither a step's name nor libcurl's words */
        err_set(&late, ERR_DEADLINE, "the container engine did not answer within %d s", f->at->limit_s);
        e = &late;
    }
    engine_answer_free(&job->answer);
    free(job->name);
    free(job->text);
    free(job);
    done_call(done, e);
}

struct job *job_of(struct flow *f)
{
    return container_of(f, struct job, flow);
}

enum flow_result job_ask(struct flow *f, const char *method, const char *body, const char *format, const char *name)
{
    struct job *job = job_of(f);
    cleanup_free char *path = engine_path(format, name);
    struct engine_question question = {.method = method, .path = path, .body = body};

    return flow_wait(f, engine_ask(job->engine, &question, &job->answer, flow_done(f)));
}

enum flow_result job_ask_own(struct flow *f, const char *format)
{
    cleanup_free char *filter =
        mem_format("{\"label\":[\"%s=%s\"]}", ENGINE_LABEL_INSTANCE, job_of(f)->engine->instance);

    return job_ask(f, "GET", NULL, format, filter);
}

char *job_body(json_t *json)
{
    char *body = json_dumps(json, JSON_COMPACT);

    if (!body)
        abort(); /* out of memory (base/mem.h): what is in it was checked when it was put in */
    json_decref(json);
    return body;
}

enum flow_result job_bear_missing(struct flow *f, struct err *e)
{
    return e->code == ERR_ENGINE_MISSING ? FLOW_NEXT : FLOW_FAIL;
}
