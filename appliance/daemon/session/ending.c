/* How a session's container has come to its end. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/ending.h"

#include "base/mem.h"
#include "session/fault.h"
#include "session/room.h"

/* A list of containers does not tell who was killed for want of memory from who was killed. */
struct ending {
    struct op op;
    struct session *session;
    struct engine_container container;
    struct op *out;
};

static void ending_free(struct ending *ending)
{
    ending->session->ending = NULL;
    op_cancel(&ending->out);
    free(ending);
}

static void ending_cancel(struct op *op)
{
    ending_free(container_of(op, struct ending, op));
}

static void looked(void *arg, const struct err *e)
{
    struct ending *ending = arg;
    struct session *s = ending->session;
    struct engine_container c = ending->container;
    struct err why;

    ending->out = NULL;
    ending_free(ending);
    if ((e && e->code == ERR_ENGINE_GONE) || (!e && c.running))
        return;
    if (e && e->code == ERR_ENGINE_MISSING)
        err_set(&why, ERR_SESSION_LOST, "the container was removed from outside");
    else
        fault_of_run(&why, &(struct fault_end){.exit_code = c.exit_code,
                                               .out_of_memory = c.out_of_memory,
                                               .memory_bytes = s->all->settings.memory_bytes});
    session_cause(s, SESSION_ENDED, &why);
}

void ending_learn(struct session *s, const struct engine_container *c)
{
    struct ending *ending;

    if (s->ending)
        return;
    ending = mem_zero(1, sizeof *ending);
    ending->op.cancel = ending_cancel;
    ending->session = s;
    ending->container = *c;
    s->ending = &ending->op;
    ending->out = engine_container_look(s->all->parts.engine, &ending->container, (struct done){looked, ending});
}

void ending_forget(struct session *s)
{
    op_cancel(&s->ending);
}
