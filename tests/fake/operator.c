/* Stands in for session/, build/ and engine/ as the operator's resources ask them: a few rows that the test writes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "operator.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "build/log.h"
#include "client.h"
#include "engine/container.h"

struct fake_operator fake_operator;

/* ---- sessions ---- */

struct session *session_find(struct sessions *all, const char *name)
{
    for (size_t i = 0; i < fake_operator.n_sessions; i++)
        if (str_is(fake_operator.sessions[i].view.name, name))
            return &fake_operator.sessions[i];
    return NULL;
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

void session_describe(const struct session *s, struct session_view *out)
{
    *out = s->view;
}

void session_list(struct sessions *all, bool (*each)(void *arg, const struct session_view *view), void *arg)
{
    for (size_t i = 0; i < fake_operator.n_sessions; i++)
        if (fake_operator.sessions[i].state != SESSION_GONE && !each(arg, &fake_operator.sessions[i].view))
            return;
}

void session_cause(struct session *s, enum session_cause cause, const struct err *why)
{
    fake_operator.why = *why;
    if (!fake_operator.keeps)
        s->state = SESSION_GONE;
}

/* ---- builds ---- */

void build_list(struct builds *all, void (*each)(void *arg, const struct build_view *view), void *arg)
{
    for (size_t i = 0; i < fake_operator.n_builds; i++)
        each(arg, &(struct build_view){.row = &fake_operator.builds[i], .place = (int)i});
}

int build_find(struct builds *all, const char *name, struct build_view *out, struct build_log **log)
{
    int count = 0;

    for (size_t i = 0; i < fake_operator.n_builds; i++) {
        char id[ID_TEXT];

        if (!str_is(fake_operator.builds[i].image, name) && !str_starts(id_text(id, &fake_operator.builds[i].id), name))
            continue;
        *out = (struct build_view){.row = &fake_operator.builds[i]};
        count++;
    }
    return count;
}

bool build_stop(struct builds *all, const struct id *id, const struct err *why)
{
    fake_operator.why = *why;
    fake_operator.stopped = *id;
    return true;
}

/* A line a time. */
bool build_log_read(struct build_log *log, struct build_log_cursor *cursor, struct buf *out)
{
    const char *line;
    size_t len;

    if (cursor->at >= strlen(fake_operator.log))
        return false;
    line = fake_operator.log + cursor->at;
    len = strcspn(line, "\n");
    buf_add(out, line, len + 1);
    cursor->at += len + 1;
    return true;
}

bool build_log_ended(const struct build_log *log)
{
    return fake_operator.log_ended;
}

/* ---- the engine ---- */

struct question {
    struct op op;
    struct loop_timer *timer;
    struct done done;
    struct buf *text;
    struct engine_image_sizes *sizes;
};

static void cancel(struct op *op)
{
    struct question *q = container_of(op, struct question, op);

    loop_timer_cancel(&q->timer);
    fake_operator.cancelled++;
    free(q);
}

static void answer(void *arg)
{
    struct question *q = arg;
    struct question asked = *q;
    struct err e;

    free(q);
    if (fake_operator.engine_fails) {
        err_set(&e, fake_operator.engine_fails, "the fake engine was told to fail");
        done_call(asked.done, &e);
        return;
    }
    if (asked.text)
        buf_add_text(asked.text, fake_operator.printed);
    if (asked.sizes) {
        asked.sizes->items = mem_zero(1, sizeof *asked.sizes->items);
        asked.sizes->items[0] = fake_operator.image;
        asked.sizes->count = 1;
    }
    done_call(asked.done, NULL);
}

static struct op *ask_engine(struct buf *text, struct engine_image_sizes *sizes, struct done done)
{
    struct question *q = mem_zero(1, sizeof *q);

    *q = (struct question){{cancel}, NULL, done, text, sizes};
    q->timer = loop_timer_new(loop, fake_operator.engine_ms, answer, q);
    fake_operator.asked++;
    return &q->op;
}

struct op *engine_container_log(struct engine *en, const struct id *row, struct buf *out, struct done done)
{
    return ask_engine(out, NULL, done);
}

struct op *engine_image_sizes(struct engine *en, struct engine_image_sizes *out, struct done done)
{
    return ask_engine(NULL, out, done);
}
