/* An engine that is there and answers nothing: what is said of it, with virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "tap.h"

static struct loop *loop;
static struct engine *engine;

/* ---- in place of loop/outbound.c ---- */

struct question {
    struct op op;
    struct loop_timer *timer;
    struct outbound_answer *out;
    const char *body; /* NULL: silence */
    struct done done;
};

static void cancel(struct op *op)
{
    struct question *q = container_of(op, struct question, op);

    loop_timer_cancel(&q->timer);
    free(q);
}

static void end(void *arg)
{
    struct question *q = arg;
    struct done done = q->done;
    const char *body = q->body;
    struct err e;

    if (body) {
        q->out->status = 200;
        buf_add_text(&q->out->body, body);
    }
    err_set(&e, ERR_DEADLINE, "Operation timed out after 60001 milliseconds with 0 bytes received");
    free(q);
    done_call(done, body ? NULL : &e);
}

struct op *outbound_ask(struct outbound *o, const struct outbound_request *request, struct outbound_answer *out,
                        struct done done)
{
    static const struct {
        const char *end, *body;
    } answers[] = {
        {"/version", "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}"}, {"/info", "{}"}, {"/_ping", "OK"}};
    struct question *q = mem_zero(1, sizeof *q);

    *q = (struct question){.op = {cancel}, .out = out, .done = done};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (str_ends(request->url, answers[i].end))
            q->body = answers[i].body;
    if (q->body || request->limit_ms)
        q->timer = loop_timer_new(loop, q->body ? 1 : request->limit_ms, end, q);
    return &q->op;
}

void outbound_more(struct op *question)
{
}

/* ---- tests ---- */

static struct err told;

static void done(void *arg, const struct err *e)
{
    told = e ? *e : (struct err){0};
    loop_stop(loop);
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void run(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        exit(1);
}

int main(void)
{
    static const struct engine_settings settings = {.socket = "/nowhere", .instance = "01234567", .ask_again_ms = 1000};
    struct engine_image image = {0};
    struct err e;
    struct id row = id_new();

    if (loop_new(&loop, &e) < 0 || engine_new(&engine, loop, NULL, &settings, &e) < 0)
        return 1;
    loop_timer_new(loop, 100, stop, NULL);
    run();
    is_number(engine_state(engine), ERR_NONE, "an engine that says who it is is there");
    engine_image_inspect(engine, "i:1", &image, (struct done){done, NULL});
    run();
    is_number(told.code, ERR_DEADLINE, "a question that is not answered has its limit");
    is(told.text, "the container engine did not answer within 60 s", "and its error says of whom it waited");
    engine_container_remove(engine, &row, (struct done){done, NULL});
    run();
    is(told.text, "the container engine did not answer within 60 s", "whatever was asked");
    engine_free(&engine);
    loop_free(&loop);
    return tap_end();
}
