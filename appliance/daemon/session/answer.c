/* Asks a server until it answers. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/answer.h"

#include <jansson.h>

#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "session/fault.h"
#include "session/room.h"
#include "session/spec.h"

#define TAIL_MAX 2001 /* engine_container_tail()'s */
#define URL_MAX 2048
#define REASON_MS 5000 /* in which the engine has to say how a failed start came about; then it is told without */

enum answer_end { ANSWER_WAITS, ANSWER_DIED, ANSWER_SILENT };

struct answer {
    struct op op;
    struct session *session;
    struct answer_spec spec;
    struct done done;
    char url[URL_MAX];
    int64_t began;
    struct outbound_answer got;
    int status;               /* of the last answer; 0: none came */
    struct op *out;           /* the question; at the end, how the container is and what it printed last */
    struct loop_timer *timer; /* until the next question; at the end, the limit of asking for that */
    enum answer_end end;
    struct engine_container container; /* DIED: how it ended */
    struct engine_port ports[ENGINE_PORTS_MAX];
    int ports_count; /* SILENT */
    char tail[TAIL_MAX];
};

static void ask(void *arg);

static void answer_free(struct answer *a)
{
    loop_timer_cancel(&a->timer);
    op_cancel(&a->out);
    buf_free(&a->got.body);
    free(a);
}

static void answer_cancel(struct op *op)
{
    answer_free(container_of(op, struct answer, op));
}

static void answer_end(struct answer *a, const struct err *e)
{
    struct done done = a->done;
    struct err why;

    if (e)
        why = *e;
    answer_free(a);
    done_call(done, e ? &why : NULL);
}

/* What it printed last, as one line; a Jupyter server that listens prints its token (session.h: never logged). */
static const char *last_words(struct answer *a)
{
    size_t len = strlen(a->tail), token_len = SESSION_TOKEN_TEXT - 1;
    char token[SESSION_TOKEN_TEXT];

    while (len && strchr(" \t\r\n", a->tail[len - 1]))
        a->tail[--len] = '\0';
    for (char *c = a->tail; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    session_token(token, a->session->all->secret, &a->session->id);
    for (char *at = a->tail; (at = strstr(at, token)); at += token_len)
        memset(at, '*', token_len);
    return a->tail;
}

static void fail(struct answer *a)
{
    const struct session_settings *settings = &a->session->all->settings;
    const char *words = last_words(a);
    struct err why;

    if (a->end == ANSWER_DIED)
        fault_of_start(&why, &(struct fault_end){a->container.exit_code, a->container.out_of_memory,
                                                 settings->memory_bytes, words});
    else
        fault_of_silence(&why,
                         &(struct fault_silence){a->spec.limit_ms / 1000, a->status, a->ports, a->ports_count, words});
    answer_end(a, &why);
}

static void tail_read(void *arg, const struct err *e)
{
    struct answer *a = arg;

    a->out = NULL;
    fail(a);
}

static void read_tail(struct answer *a)
{
    const struct session *s = a->session;

    a->out = engine_container_tail(s->all->parts.engine, &s->container, a->tail, (struct done){tail_read, a});
}

static void looked(void *arg, const struct err *e)
{
    struct answer *a = arg;

    a->out = NULL;
    read_tail(a);
}

/* The engine is silent, too. */
static void reason_late(void *arg)
{
    struct answer *a = arg;

    a->timer = NULL;
    fail(a);
}

static void end_with(struct answer *a, enum answer_end end)
{
    loop_timer_cancel(&a->timer);
    op_cancel(&a->out);
    a->end = end;
    a->timer = loop_timer_new(a->session->all->parts.loop, REASON_MS, reason_late, a);
}

void answer_died(struct op *op, int exit_code)
{
    struct answer *a = container_of(op, struct answer, op);
    const struct session *s = a->session;

    if (a->end != ANSWER_WAITS)
        return;
    end_with(a, ANSWER_DIED);
    a->container = (struct engine_container){.row = s->container, .exit_code = exit_code};
    a->out = engine_container_look(s->all->parts.engine, &a->container, (struct done){looked, a});
}

static void silent(struct answer *a)
{
    const struct session *s = a->session;
    struct err why;

    if (a->spec.through_gateway) {
        err_set(&why, ERR_SESSION_DOOR, "the gateway did not lead to the server within %d s", a->spec.limit_ms / 1000);
        answer_end(a, &why);
        return;
    }
    end_with(a, ANSWER_SILENT);
    a->ports_count = engine_container_ports(s->all->parts.engine, &s->container, a->ports);
    read_tail(a);
}

static bool is_jupyters(const struct outbound_answer *got)
{
    json_t *json = got->status == 200 ? json_loadb(got->body.bytes, got->body.len, 0, NULL) : NULL;
    bool is = json_is_string(json_object_get(json, "version"));

    json_decref(json);
    return is;
}

static void asked(void *arg, const struct err *e)
{
    struct answer *a = arg;
    struct loop *loop = a->session->all->parts.loop;
    int64_t waited = loop_now(loop) - a->began;

    a->out = NULL;
    if (!e)
        a->status = a->got.status;
    if (!e && is_jupyters(&a->got))
        answer_end(a, NULL);
    else if (waited >= a->spec.limit_ms)
        silent(a);
    else
        a->timer = loop_timer_new(loop, waited < ANSWER_SOON_FOR_MS ? ANSWER_SOON_MS : ANSWER_LATER_MS, ask, a);
}

/* A connection is not kept: the next container has the same address, and what is left of an old connection would have
 * the kernel look for it before it is there, which costs the new one a second. */
static void ask(void *arg)
{
    struct answer *a = arg;
    const struct sessions *all = a->session->all;
    struct outbound_request request = {.method = "GET",
                                       .url = a->url,
                                       .alone = true,
                                       .limit_ms = ANSWER_QUESTION_MS,
                                       .connect_limit_ms = ANSWER_CONNECT_MS};

    a->timer = NULL;
    if (a->spec.through_gateway)
        request.socket = all->settings.door_socket;
    buf_clear(&a->got.body);
    a->out = outbound_ask(all->parts.outbound, &request, &a->got, (struct done){asked, a});
}

/* The door speaks plain HTTP, whatever hub_url's scheme is; its host is what the gateway looks at. */
static void write_url(struct answer *a)
{
    const struct session *s = a->session;
    const char *host = strstr(s->all->settings.hub_url, "://");
    char address[SESSION_ADDRESS_TEXT];

    if (a->spec.through_gateway)
        snprintf(a->url, sizeof a->url, "http://%suser/%s/api", host ? host + 3 : "", s->name);
    else
        snprintf(a->url, sizeof a->url, "http://%s:%d/user/%s/api", session_address_text(address, s->address),
                 SESSION_PORT, s->name);
}

struct op *answer_wait(struct session *s, const struct answer_spec *spec, struct done done)
{
    struct answer *a = mem_zero(1, sizeof *a);

    a->op.cancel = answer_cancel;
    a->session = s;
    a->spec = *spec;
    a->done = done;
    a->began = loop_now(s->all->parts.loop);
    a->got.body = BUF_OF(ANSWER_BODY_MAX);
    write_url(a);
    ask(a);
    return &a->op;
}
