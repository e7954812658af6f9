/* One question to the engine: version in front, errors and JSON read. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ask.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "engine/foreign_json.h"
#include "engine/state.h"
#include "loop/loop.h"
#include "loop/outbound.h"

/* The engine puts the cause last; err.text holds 256 bytes, and its callers put words in front. */
#define MESSAGE_KEPT 200
/* Nothing listens there any more, or not yet: not the time of a slow engine. */
#define CONNECT_LIMIT_MS 2000

struct ask {
    struct op op;
    struct engine *engine;
    struct op *question;
    struct loop_timer *refused; /* in place of a question: the engine is away */
    struct outbound_answer answer;
    struct engine_answer *out;
    struct done done;
};

void engine_answer_free(struct engine_answer *a)
{
    buf_free(&a->body);
    *a = (struct engine_answer){0};
}

static void ask_free(struct ask *a)
{
    op_cancel(&a->question);
    loop_timer_cancel(&a->refused);
    buf_free(&a->answer.body);
    free(a);
}

static void ask_cancel(struct op *op)
{
    ask_free(container_of(op, struct ask, op));
}

static void ask_finish(struct ask *a, const struct err *e)
{
    struct done done = a->done;

    ask_free(a);
    done_call(done, e);
}

/* What stands at the socket's path says more than what connect() said. */
static int say_gone(struct err *e, const struct engine *en, const char *reason)
{
    struct stat file;

    if (stat(en->socket, &file) < 0)
        return err_set_errno(e, ERR_ENGINE_GONE, "no engine at %s", en->socket);
    if (S_ISDIR(file.st_mode))
        return err_set(e, ERR_ENGINE_GONE,
                       "%s is a directory: something that wanted the engine's socket before the engine had made it "
                       "made that; remove it and start the engine again",
                       en->socket);
    if (!S_ISSOCK(file.st_mode))
        return err_set(e, ERR_ENGINE_GONE, "%s is not a socket", en->socket);
    return err_set(e, ERR_ENGINE_GONE, "no engine answers at %s: %s", en->socket, reason);
}

/* {"message":"..."}; whatever else it says is shown as it is. */
static int say_refused(struct err *e, enum err_code code, const struct engine_answer *a)
{
    json_auto_t *json = foreign_json(buf_text(&a->body), a->body.len, NULL);
    const char *message = json_string_value(json_object_get(json, "message"));
    size_t len;

    if (!message)
        message = buf_text(&a->body);
    len = strlen(message);
    while (len && (message[len - 1] == '\n' || message[len - 1] == ' '))
        len--;
    if (!len)
        return err_set(e, code, "the engine answers with status %d", a->status);
    if (len > MESSAGE_KEPT) {
        message += len - MESSAGE_KEPT;
        len = MESSAGE_KEPT;
    }
    err_set(e, code, "%.*s", (int)len, message);
    for (char *c = e->text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return -1;
}

static int ask_judge(struct ask *a, const struct err *fault, struct err *e)
{
    if (fault && fault->code == ERR_UNREACHABLE)
        return say_gone(e, a->engine, fault->text);
    if (fault) {
        *e = *fault;
        return -1;
    }
    if (a->out->status == 404)
        return say_refused(e, ERR_ENGINE_MISSING, a->out);
    if (a->out->status >= 400)
        return say_refused(e, ERR_ENGINE_REFUSED, a->out);
    return 0;
}

static void ask_answered(void *arg, const struct err *fault)
{
    struct ask *a = arg;
    struct err e;
    int result;

    a->question = NULL;
    a->out->status = fault ? 0 : a->answer.status;
    a->out->body = a->answer.body;
    a->answer.body = BUF_OF(0);
    result = ask_judge(a, fault, &e);
    if (result < 0 && e.code == ERR_ENGINE_GONE)
        engine_doubt(a->engine);
    ask_finish(a, result < 0 ? &e : NULL);
}

static void ask_refused(void *arg)
{
    struct ask *a = arg;
    struct err e = a->engine->why;

    a->refused = NULL;
    if (e.code == ERR_NONE)
        err_set(&e, ERR_ENGINE_GONE, "the engine was away a moment ago");
    ask_finish(a, &e);
}

static void ask_send(struct ask *a, const struct engine_question *q)
{
    static const char *const json_headers[] = {"Content-Type: application/json", NULL};
    cleanup_free char *url =
        mem_format("http://engine%s%s%s", q->unversioned ? "" : "/", q->unversioned ? "" : a->engine->version, q->path);
    struct outbound_request request = {
        .method = q->method,
        .socket = a->engine->socket,
        .url = url,
        .headers = q->headers ? q->headers
                   : q->body  ? json_headers
                              : NULL,
        .body = q->body,
        .body_len = q->body ? strlen(q->body) : 0,
        .pull = q->pull,
        .chunk = q->chunk,
        .arg = q->arg,
        .alone = q->alone,
        .limit_ms = q->limit_ms == ENGINE_NO_LIMIT ? 0
                    : q->limit_ms                  ? q->limit_ms
                                                   : ENGINE_LIMIT_MS,
        .connect_limit_ms = CONNECT_LIMIT_MS,
    };

    a->answer.body = BUF_OF(ENGINE_ANSWER_MAX);
    a->question = outbound_ask(a->engine->outbound, &request, &a->answer, (struct done){ask_answered, a});
}

struct op *engine_ask(struct engine *en, const struct engine_question *question, struct engine_answer *out,
                      struct done done)
{
    struct ask *a = mem_zero(1, sizeof *a);

    *a = (struct ask){.op = {ask_cancel}, .engine = en, .out = out, .done = done};
    engine_answer_free(out);
    if (!question->unversioned && !en->version[0])
        a->refused = loop_timer_new(en->loop, 0, ask_refused, a);
    else
        ask_send(a, question);
    return &a->op;
}

void engine_ask_more(struct op *question)
{
    struct ask *a = container_of(question, struct ask, op);

    if (a->question)
        outbound_more(a->question);
}

int engine_answer_json(json_t **out, const struct engine_answer *a, struct err *e)
{
    json_error_t where;

    /* Names twice are the engine's affair: the last one counts, as for its own clients. */
    *out = foreign_json(buf_text(&a->body), a->body.len, &where);
    if (!*out)
        return err_set(e, ERR_ENGINE_ODD, "the engine's answer is no JSON: %s", where.text);
    return 0;
}

int engine_answer_list(json_t **out, const struct engine_answer *a, const char *of, struct err *e)
{
    if (engine_answer_json(out, a, e) < 0)
        return -1;
    return json_is_array(*out) ? 0 : err_set(e, ERR_ENGINE_ODD, "the engine's list of %s is none", of);
}

char *engine_path(const char *format, const char *name)
{
    const char *at = strstr(format, "%s");
    cleanup_buf struct buf path = BUF_OF(strlen(format) + 3 * strlen(name) + 1);

    buf_add(&path, format, (size_t)(at - format));
    url_encode(&path, slice_of(name), "/:.-_~");
    buf_add_text(&path, at + 2);
    return buf_steal(&path);
}
