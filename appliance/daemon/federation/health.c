/* Whether this member can serve: what /health says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "federation/health.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "federation/hold.h"
#include "loop/loop.h"
#include "store/store.h"

struct health {
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct watch watch;
    struct hold hold;
    int64_t hold_ms;
};

static bool look(struct health *h)
{
    bool well = engine_state(h->engine) == ERR_NONE && store_usable(h->store);

    return hold_turn(&h->hold, well, loop_now(h->loop), h->hold_ms);
}

static void engine_changed(void *arg)
{
    look(arg);
}

struct health *health_new(struct loop *loop, struct engine *engine, struct store *store, int64_t hold_ms)
{
    struct health *h = mem_zero(1, sizeof *h);

    *h = (struct health){.loop = loop, .engine = engine, .store = store, .hold_ms = hold_ms};
    h->watch = (struct watch){.wake = engine_changed, .arg = h};
    engine_watch(engine, &h->watch);
    return h;
}

void health_free(struct health **h)
{
    if (!*h)
        return;
    watch_end(&(*h)->watch);
    free(STEAL(*h));
}

/* The quota is what there would be with every place taken, so that it is reached just when launches are refused: with
 * the memory that builds have it goes up and down. */
static void add_quota(const struct health_pods *pods, struct buf *out)
{
    size_t total = pods->sessions + pods->builds;

    buf_add_format(out, "{\"service\": \"Pod quota\", \"total_pods\": %zu, \"build_pods\": %zu, \"user_pods\": %zu, ",
                   total, pods->builds, pods->sessions);
    if (pods->places == SIZE_MAX)
        buf_add_text(out, "\"quota\": null, ");
    else
        buf_add_format(out, "\"quota\": %zu, ", total + pods->places);
    buf_add_text(out, "\"ok\": true, \"_ignore_failure\": true}");
}

/*
 * Three checks, always, in this order: the public status page reads them by their place (contract 4.1). Here images
 * are kept by the engine and sessions are started by it, so one answer is that of both.
 */
bool health_write(struct health *h, const struct health_pods *pods, struct buf *out)
{
    bool well = look(h);
    const char *ok = well ? "true" : "false";

    buf_add_format(out, "{\"ok\": %s, \"checks\": [{\"service\": \"Docker registry\", \"ok\": %s}, ", ok, ok);
    buf_add_format(out, "{\"service\": \"JupyterHub API\", \"ok\": %s}, ", ok);
    add_quota(pods, out);
    buf_add_text(out, "]}");
    return well;
}
