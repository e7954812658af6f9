/* Asks a server until it answers. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/answer.h"

#include <jansson.h>

#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "session/room.h"

#define TAIL_MAX 2001 /* engine_container_tail()'s */
#define WORDS_MAX 180 /* bytes of it that fit behind a sentence in err.text */
#define URL_MAX 2048

struct answer {
    struct op op;
    struct session *session;
    struct answer_spec spec;
    struct done done;
    char url[URL_MAX];
    int64_t began;
    struct outbound_answer got;
    struct op *out;           /* the question, or at the end the container's last lines */
    struct loop_timer *timer; /* until the next question */
    struct err why;           /* DIED or SILENT, while the last lines are fetched */
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

/* The last of the lines, as one: err.text has no newline. */
static const char *last_words(char *tail)
{
    size_t len = strlen(tail);
    char *words;

    while (len && strchr(" \t\r\n", tail[len - 1]))
        tail[--len] = '\0';
    for (char *c = tail; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    words = len > WORDS_MAX ? tail + len - WORDS_MAX : tail;
    while (((unsigned char)*words & 0xc0) == 0x80)
        words++; /* not in the middle of a character */
    return words;
}

static void tail_read(void *arg, const struct err *e)
{
    struct answer *a = arg;
    const char *words = e ? "" : last_words(a->tail);
    size_t len = strlen(a->why.text);

    a->out = NULL;
    if (words[0])
        snprintf(a->why.text + len, sizeof a->why.text - len, ": %s", words);
    answer_end(a, &a->why);
}

/* What a->why says ends it, once the container's last lines are there. */
static void fail_with_tail(struct answer *a)
{
    const struct session *s = a->session;

    loop_timer_cancel(&a->timer);
    op_cancel(&a->out);
    a->out = engine_container_tail(s->all->parts.engine, &s->container, a->tail, (struct done){tail_read, a});
}

void answer_died(struct op *op, int exit_code)
{
    struct answer *a = container_of(op, struct answer, op);

    if (a->why.code)
        return;
    if (exit_code < 0)
        err_set(&a->why, ERR_SESSION_DIED, "The notebook server ended while it was starting");
    else
        err_set(&a->why, ERR_SESSION_DIED, "The notebook server ended with code %d while it was starting", exit_code);
    fail_with_tail(a);
}

static void silent(struct answer *a)
{
    int seconds = a->spec.limit_ms / 1000;

    if (a->spec.through_gateway) {
        err_set(&a->why, ERR_SESSION_DOOR, "the gateway did not lead to the server within %d s", seconds);
        answer_end(a, &a->why);
        return;
    }
    err_set(&a->why, ERR_SESSION_SILENT, "The notebook server did not answer within %d s", seconds);
    fail_with_tail(a);
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
