/* Ending what an instance has on the engine, when the whole appliance stops: its containers, their network, its table.
 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/container.h"
#include "engine/egress.h"
#include "engine/engine.h"
#include "engine/network.h"
#include "identity.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "store/store.h"
#include "wiring.h"

#define ANSWER_MS 5000  /* an engine that has not answered by then is taken for absent */
#define REMOVE_MS 30000 /* without one more that has gone; each container has its grace in it */

struct ending;

struct removal {
    struct ending *ending;
    struct op *op; /* NULL: over */
};

struct ending {
    struct loop *loop;
    struct outbound *outbound;
    struct engine *engine;
    struct watch watch;
    struct loop_timer *limit;
    struct op *out; /* the listing, or the removal of the network */
    struct engine_container_list list;
    struct removal *removals; /* one for each of the list; NULL: not yet */
    size_t left;
    struct err why; /* code ERR_NONE: all are gone */
};

static void end(struct ending *x, const struct err *e)
{
    if (e)
        x->why = *e;
    loop_stop(x->loop);
}

static void limit_over(void *arg)
{
    struct ending *x = arg;
    struct err e;

    x->limit = NULL;
    if (x->removals)
        err_set(&e, ERR_DEADLINE, "%zu of them are still there", x->left);
    else
        err_set(&e, ERR_DEADLINE, "the engine does not answer");
    end(x, &e);
}

static void set_limit(struct ending *x, int ms)
{
    loop_timer_cancel(&x->limit);
    x->limit = loop_timer_new(x->loop, ms, limit_over, x);
}

static void network_removed(void *arg, const struct err *e)
{
    struct ending *x = arg;

    x->out = NULL;
    end(x, e);
}

static void remove_network(struct ending *x)
{
    x->out = engine_network_remove(x->engine, (struct done){network_removed, x});
}

static void removed(void *arg, const struct err *e)
{
    struct removal *r = arg;
    struct ending *x = r->ending;

    r->op = NULL;
    if (e)
        x->why = *e;
    set_limit(x, REMOVE_MS); /* a busy engine needs longer for many, and all of them are to go */
    if (--x->left == 0)
        remove_network(x);
}

static void listed(void *arg, const struct err *e)
{
    struct ending *x = arg;

    x->out = NULL;
    if (e) {
        end(x, e);
        return;
    }
    x->left = x->list.count;
    x->removals = mem_zero(x->left + 1, sizeof *x->removals);
    set_limit(x, REMOVE_MS);
    for (size_t i = 0; i < x->list.count; i++) {
        struct removal *r = &x->removals[i];

        r->ending = x;
        r->op = engine_container_remove(x->engine, &x->list.items[i].row, (struct done){removed, r});
    }
    if (!x->left)
        remove_network(x);
}

static void engine_changed(void *arg)
{
    struct ending *x = arg;

    if (engine_state(x->engine) == ERR_NONE && !x->out && !x->removals)
        x->out = engine_container_list(x->engine, &x->list, (struct done){listed, x});
}

static int begin(struct ending *x, const struct conf *conf, const struct identity *identity, struct err *e)
{
    const struct engine_settings settings = {
        .socket = conf->engine_socket,
        .instance = identity->instance,
        .ask_again_ms = (int)conf->engine_ask_again,
    };

    if (loop_new(&x->loop, e) < 0 || outbound_new(&x->outbound, x->loop, e) < 0)
        return -1;
    if (engine_new(&x->engine, x->loop, x->outbound, &settings, e) < 0)
        return -1;
    x->watch = (struct watch){.wake = engine_changed, .arg = x};
    engine_watch(x->engine, &x->watch);
    set_limit(x, ANSWER_MS);
    return 0;
}

static void unmake(struct ending *x)
{
    loop_timer_cancel(&x->limit);
    op_cancel(&x->out);
    for (size_t i = 0; x->removals && i < x->list.count; i++)
        op_cancel(&x->removals[i].op);
    free(x->removals);
    engine_container_list_free(&x->list);
    watch_end(&x->watch);
    engine_free(&x->engine);
    outbound_free(&x->outbound);
    loop_free(&x->loop);
}

/* A daemon that runs would start again what is removed here. Any other fault of the state keeps nobody from ending. */
static int hold_state(struct store **out, const char *dir, struct err *e)
{
    cleanup_free char *path = mem_format("%s/" STATE_FILE, dir);

    return store_open(out, path, e) < 0 && e->code == ERR_STORE_LOCKED ? -1 : 0;
}

int daemon_end_containers(const struct conf *conf, const char *dir, struct err *e)
{
    struct identity identity;
    struct ending x = {0};
    struct store *held = NULL;
    int result;

    if (identity_load(&identity, dir, e) < 0 || hold_state(&held, dir, e) < 0)
        return -1;
    if (egress_remove(identity.instance, e) < 0)
        log_err(LOG_WARNING, e, "ending instance %s", identity.instance);
    result = begin(&x, conf, &identity, e);
    if (result == 0)
        result = loop_run(x.loop, e);
    if (result == 0 && x.why.code) {
        *e = x.why;
        result = err_wrap(e, "ending the containers of instance %s", identity.instance);
    }
    unmake(&x);
    store_close(&held);
    return result;
}
