/* Looks at the running sessions: whether somebody works in them, and how old they are. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/look.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "session/idle.h"
#include "session/room.h"
#include "session/spec.h"

#define LOOK_SLACK_MS 1000       /* from a gateway's report to its being read */
#define KERNELS_MAX (256 * 1024) /* bytes of an answer of /api/kernels */

struct question {
    struct op op;
    struct session *session;
    struct outbound_answer answer;
    struct op *out;
};

/* Thousandths of a core since the last reading. */
static int64_t read_cpu(struct session *s, int64_t now)
{
    int64_t used = engine_container_cpu_us(s->all->parts.engine, &s->container), permille = -1;

    if (used >= 0 && s->cpu_us >= 0 && now > s->cpu_at)
        permille = (used - s->cpu_us) / (now - s->cpu_at);
    s->cpu_us = used;
    s->cpu_at = now;
    return permille;
}

static struct idle_facts facts_of(const struct session *s, int64_t now)
{
    return (struct idle_facts){
        .age_ms = now - s->made,
        .still_ms = now - s->still_since,
        .daemon_ms = now - s->all->began,
        .cpu_permille = -1,
        .late_ms = s->all->settings.gateway->settings[WIRE_SETTING_ACTIVITY_MS] + LOOK_SLACK_MS,
        .told_ms = routes_told_ms(s->all->routes),
    };
}

static void end(struct session *s, enum idle_answer answer)
{
    const struct session_settings *settings = &s->all->settings;
    bool aged = answer == IDLE_AGED;
    int seconds = (aged ? settings->age_ms : settings->idle_ms) / 1000;
    bool short_one = seconds < 120;
    struct err why;

    err_set(&why, aged ? ERR_SESSION_AGED : ERR_SESSION_IDLE, "%s %d %s",
            aged ? "it had reached its maximum age of" : "nobody had worked in it for",
            short_one ? seconds : seconds / 60, short_one ? "seconds" : "minutes");
    session_cause(s, SESSION_ENDED, &why);
}

static void works(struct session *s, int64_t now)
{
    s->still_since = now;
    s->heard = true;
}

static void question_free(struct question *q)
{
    q->session->asking = NULL;
    q->session->all->asking--;
    op_cancel(&q->out);
    buf_free(&q->answer.body);
    free(q);
}

static void question_cancel(struct op *op)
{
    question_free(container_of(op, struct question, op));
}

static void answered(void *arg, const struct err *e)
{
    struct question *q = arg;
    struct session *s = q->session;
    int64_t now = loop_now(s->all->parts.loop);
    struct idle_facts facts = facts_of(s, now); /* somebody may have come back meanwhile */
    enum idle_answer answer;

    q->out = NULL;
    facts.asked = true;
    facts.busy = !e && q->answer.status == 200 && idle_kernels_busy(q->answer.body.bytes, q->answer.body.len);
    question_free(q);
    answer = idle_decide(&facts, &s->all->settings);
    if (answer == IDLE_WORKS)
        works(s, now);
    else if (answer == IDLE_ENDS || answer == IDLE_AGED)
        end(s, answer);
}

static void ask(struct session *s)
{
    char url[SESSION_ADDRESS_TEXT + WIRE_NAME_MAX + 64], address[SESSION_ADDRESS_TEXT];
    char token[SESSION_TOKEN_TEXT], field[64];
    const char *headers[] = {field, NULL};
    struct outbound_request request = {
        .method = "GET", .url = url, .headers = headers, .alone = true, .limit_ms = LOOK_LIMIT_MS};
    struct question *q;

    if (s->asking || s->all->asking == LOOK_ASKING_MAX)
        return;
    session_token(token, s->all->secret, &s->id);
    snprintf(field, sizeof field, "Authorization: token %s", token);
    snprintf(url, sizeof url, "http://%s:%d/user/%s/api/kernels", session_address_text(address, s->address),
             SESSION_PORT, s->name);
    q = mem_zero(1, sizeof *q);
    q->op.cancel = question_cancel;
    q->session = s;
    q->answer.body = BUF_OF(KERNELS_MAX);
    s->asking = &q->op;
    s->all->asking++;
    q->out = outbound_ask(s->all->parts.outbound, &request, &q->answer, (struct done){answered, q});
}

static void look(struct session *s)
{
    int64_t now = loop_now(s->all->parts.loop);
    struct idle_facts facts = facts_of(s, now);
    enum idle_answer answer;

    facts.cpu_permille = read_cpu(s, now);
    answer = idle_decide(&facts, &s->all->settings);
    if (answer == IDLE_WORKS)
        works(s, now);
    else if (answer == IDLE_ASK && s->open)
        ask(s);
    else if (answer == IDLE_AGED)
        end(s, answer);
}

void look_at_all(struct sessions *all)
{
    struct session *s, *next;

    HASH_ITER (by_id, all->by_id, s, next)
        if (s->state == SESSION_RUNNING)
            look(s);
}

void look_forget(struct session *s)
{
    op_cancel(&s->asking);
}
