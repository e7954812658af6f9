/* An engine made of an array, linked in place of the room engine: containers that do what the test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake/engine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"

struct fake_engine fake_engine;

struct fake_op {
    struct op op;
    struct list node; /* among the held */
    struct loop_timer *timer;
    struct done done;
    enum fake_call call;
    struct id row;
    struct engine_container *container, late;
    struct engine_container_list *list_out, list;
    char *tail_out;
};

static void fake_free(struct fake_op *op)
{
    list_remove(&op->node);
    loop_timer_cancel(&op->timer);
    engine_container_list_free(&op->list);
    free(op);
}

static void fake_start(struct fake_op *op)
{
    struct engine_container *c = fake_engine_find(&op->row);
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 18, [14] = 0, [15] = 2};

    if (!c)
        return;
    c->running = true;
    memcpy(c->address, address, sizeof address);
    *op->container = *c;
}

static void fake_effect(struct fake_op *op)
{
    struct engine_container *c = fake_engine_find(&op->row);

    if (op->call == FAKE_LIST) {
        *op->list_out = op->list;
        op->list = (struct engine_container_list){0};
    }
    if (op->call == FAKE_CREATE && fake_engine.count == FAKE_CONTAINERS_MAX)
        abort();
    if (op->call == FAKE_CREATE && !c)
        fake_engine.containers[fake_engine.count++] = *op->container;
    else if (op->call == FAKE_START)
        fake_start(op);
    else if (op->call == FAKE_REMOVE && c)
        *c = fake_engine.containers[--fake_engine.count];
    else if (op->call == FAKE_LOOK && c)
        *op->container = *c;
    else if (op->call == FAKE_TAIL)
        str_copy(op->tail_out, 2001, fake_engine.tail ? fake_engine.tail : "");
}

static void fake_end(void *arg)
{
    struct fake_op *op = arg;
    struct done done = op->done;
    enum err_code fail = fake_engine.fail[op->call];
    struct err e;

    op->timer = NULL;
    if (fail)
        err_set(&e, fail, "%s", fake_engine.refusal ? fake_engine.refusal : "the fake engine was told to fail");
    else
        fake_effect(op);
    fake_free(op);
    done_call(done, fail ? &e : NULL);
}

static void fake_cancel(struct op *op)
{
    struct fake_op *fake = container_of(op, struct fake_op, op);

    if (fake->call != FAKE_CREATE || !fake_engine.late_ms) {
        fake_free(fake);
        return;
    }
    fake->late = *fake->container;
    fake->container = &fake->late;
    fake->done = (struct done){0};
    list_remove(&fake->node);
    loop_timer_cancel(&fake->timer);
    fake->timer = loop_timer_new(fake_engine.loop, fake_engine.late_ms, fake_end, fake);
}

static struct fake_op *fake_op(enum fake_call call, const struct id *row, struct done done)
{
    struct fake_op *op = mem_zero(1, sizeof *op);

    op->op.cancel = fake_cancel;
    op->call = call;
    op->done = done;
    if (row)
        op->row = *row;
    fake_engine.calls[call]++;
    if (fake_engine.hold[call])
        list_add(&fake_engine.held, &op->node);
    else
        op->timer = loop_timer_new(fake_engine.loop, 1, fake_end, op);
    return op;
}

struct engine *fake_engine_start(struct loop *loop)
{
    fake_engine = (struct fake_engine){.loop = loop};
    list_init(&fake_engine.watchers);
    list_init(&fake_engine.held);
    return (struct engine *)&fake_engine;
}

void fake_engine_release(enum fake_call call)
{
    fake_engine.hold[call] = false;
    list_for_each_safe (node, &fake_engine.held) {
        struct fake_op *op = container_of(node, struct fake_op, node);

        if (op->call != call)
            continue;
        list_remove(&op->node);
        op->timer = loop_timer_new(fake_engine.loop, 1, fake_end, op);
    }
}

struct engine_container *fake_engine_find(const struct id *row)
{
    for (size_t i = 0; i < fake_engine.count; i++)
        if (id_equal(&fake_engine.containers[i].row, row))
            return &fake_engine.containers[i];
    return NULL;
}

void fake_engine_exit(const struct id *row, int exit_code)
{
    struct engine_container *c = fake_engine_find(row);

    c->running = false;
    c->exit_code = exit_code;
    watch_wake_all(&fake_engine.watchers);
}

void fake_engine_kill(const struct id *row)
{
    fake_engine_find(row)->out_of_memory = true;
    fake_engine_exit(row, 137);
}

void fake_engine_prune(const struct id *row)
{
    struct engine_container *c = fake_engine_find(row);

    *c = fake_engine.containers[--fake_engine.count];
    watch_wake_all(&fake_engine.watchers);
}

/* --- the room's own functions ---------------------------------------------------------------------------------------
 */

void engine_container_list_free(struct engine_container_list *list)
{
    free(list->items);
    *list = (struct engine_container_list){0};
}

static void copy_words(char to[32][128], const char *const *words)
{
    memset(to, 0, 32 * 128);
    for (size_t i = 0; i < 32 && words[i]; i++)
        str_copy(to[i], 128, words[i]);
}

struct op *engine_container_create(struct engine *en, const struct engine_container_spec *spec,
                                   struct engine_container *out, struct done done)
{
    struct fake_op *op = fake_op(FAKE_CREATE, &spec->row, done);

    *out = (struct engine_container){.row = spec->row, .session = spec->session};
    op->container = out;
    str_copy(fake_engine.created.image, sizeof fake_engine.created.image, spec->image);
    copy_words(fake_engine.created.command, spec->command);
    copy_words(fake_engine.created.environment, spec->environment);
    fake_engine.created.memory_bytes = spec->memory_bytes;
    return &op->op;
}

struct op *engine_container_start(struct engine *en, struct engine_container *c, struct done done)
{
    struct fake_op *op = fake_op(FAKE_START, &c->row, done);

    op->container = c;
    return &op->op;
}

struct op *engine_container_remove(struct engine *en, const struct id *row, struct done done)
{
    return &fake_op(FAKE_REMOVE, row, done)->op;
}

struct op *engine_container_list(struct engine *en, struct engine_container_list *out, struct done done)
{
    struct fake_op *op = fake_op(FAKE_LIST, NULL, done);

    op->list_out = out;
    op->list.count = fake_engine.count;
    op->list.items = mem_zero(fake_engine.count + 1, sizeof *op->list.items);
    memcpy(op->list.items, fake_engine.containers, fake_engine.count * sizeof *op->list.items);
    for (size_t i = 0; i < fake_engine.count; i++)
        op->list.items[i].out_of_memory = false; /* a list does not say it */
    return &op->op;
}

struct op *engine_container_tail(struct engine *en, const struct id *row, char out[2001], struct done done)
{
    struct fake_op *op = fake_op(FAKE_TAIL, row, done);

    op->tail_out = out;
    return &op->op;
}

int64_t engine_container_memory(const struct engine *en, const struct id *row)
{
    return fake_engine.memory_bytes;
}

struct op *engine_container_look(struct engine *en, struct engine_container *c, struct done done)
{
    struct fake_op *op = fake_op(FAKE_LOOK, &c->row, done);

    op->container = c;
    return &op->op;
}

int engine_container_ports(const struct engine *en, const struct id *row, struct engine_port out[ENGINE_PORTS_MAX])
{
    memcpy(out, fake_engine.ports, sizeof fake_engine.ports);
    return fake_engine.ports_count;
}

int64_t engine_container_cpu_us(const struct engine *en, const struct id *row)
{
    return fake_engine.cpu_us;
}

enum err_code engine_state(const struct engine *en)
{
    return fake_engine.fail[FAKE_LIST];
}

void engine_watch(struct engine *en, struct watch *w)
{
    watch_begin(&fake_engine.watchers, w);
}
