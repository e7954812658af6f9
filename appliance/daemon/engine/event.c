/* The engine's events of our containers: each wakes the watchers, who list again. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/ask.h"
#include "engine/state.h"

struct events {
    struct op op;
    struct engine *engine;
    struct op *question;
    struct engine_answer answer;
    struct done done;
};

static void events_free(struct events *s)
{
    op_cancel(&s->question);
    engine_answer_free(&s->answer);
    free(s);
}

static void events_cancel(struct op *op)
{
    events_free(container_of(op, struct events, op));
}

/* What happened is not read: the filter lets through only what matters, and a list tells more than an event does. */
static void events_came(void *arg, const char *bytes, size_t len)
{
    struct events *s = arg;

    watch_wake_all(&s->engine->watchers);
}

static void events_over(void *arg, const struct err *e)
{
    struct events *s = arg;
    struct done done = s->done;
    struct err why;

    s->question = NULL;
    if (e)
        why = *e;
    else
        err_set(&why, ERR_ENGINE_GONE, "the engine ended its stream of events");
    events_free(s);
    done_call(done, &why);
}

struct op *engine_events(struct engine *en, struct done done)
{
    struct events *s = mem_zero(1, sizeof *s);
    cleanup_free char *filters =
        mem_format("{\"type\":[\"container\"],\"event\":[\"start\",\"die\",\"destroy\"],\"label\":[\"%s=%s\"]}",
                   ENGINE_LABEL_INSTANCE, en->instance);
    cleanup_free char *path = engine_path("/events?filters=%s", filters);
    struct engine_question question = {.method = "GET", .path = path, .limit_ms = en->events_ms};

    question.chunk = events_came;
    question.arg = s;
    *s = (struct events){.op = {events_cancel}, .engine = en, .done = done};
    s->question = engine_ask(en, &question, &s->answer, (struct done){events_over, s});
    return &s->op;
}
