/* Questions by HTTP that a function of the test answers, linked in place of loop/outbound.c. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake/outbound.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"

int fake_outbound_asked;
static struct loop *fake_loop;
static void (*fake_answer)(struct fake_question *q);

struct fake_ask {
    struct op op;
    struct loop_timer *timer;
    struct done done;
    struct outbound_answer *out;
    char *url, *socket, *header;
};

struct outbound *fake_outbound_start(struct loop *loop, void (*answer)(struct fake_question *q))
{
    fake_loop = loop;
    fake_answer = answer;
    fake_outbound_asked = 0;
    return (struct outbound *)&fake_loop;
}

static void fake_free(struct fake_ask *a)
{
    loop_timer_cancel(&a->timer);
    free(a->url);
    free(a->socket);
    free(a->header);
    free(a);
}

static void fake_cancel(struct op *op)
{
    fake_free(container_of(op, struct fake_ask, op));
}

static void fake_end(void *arg)
{
    struct fake_ask *a = arg;
    struct fake_question q = {.url = a->url, .socket = a->socket, .header = a->header, .body = ""};
    struct done done = a->done;
    struct err e;

    a->timer = NULL;
    fake_answer(&q);
    if (!q.status)
        err_set(&e, ERR_UNREACHABLE, "nobody is there");
    a->out->status = q.status;
    if (q.status)
        buf_add_text(&a->out->body, q.body);
    fake_free(a);
    done_call(done, q.status ? NULL : &e);
}

struct op *outbound_ask(struct outbound *o, const struct outbound_request *request, struct outbound_answer *out,
                        struct done done)
{
    struct fake_ask *a = mem_zero(1, sizeof *a);

    a->op.cancel = fake_cancel;
    a->done = done;
    a->out = out;
    a->url = mem_string(request->url);
    a->socket = mem_string(request->socket);
    a->header = mem_string(request->headers ? request->headers[0] : NULL);
    a->timer = loop_timer_new(fake_loop, 1, fake_end, a);
    fake_outbound_asked++;
    return &a->op;
}
