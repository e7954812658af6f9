/* Launches: their making, their state, and how they come back after a restart of the daemon. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/launch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "launch/check.h"
#include "launch/state.h"
#include "loop/loop.h"
#include "store/event.h"

struct launch *launch_new(struct launches *all, const struct store_launch *row)
{
    struct launch *l = mem_zero(1, sizeof *l);

    l->launches = all;
    l->row = *row;
    l->unread = loop_now(all->parts.loop);
    feed_init(&l->feed);
    id_text(l->feed.id, &row->stream);
    list_add(&all->all, &l->node);
    return l;
}

static void launch_free(struct launch *l)
{
    loop_timer_cancel(&l->linger);
    loop_timer_cancel(&l->kept);
    feed_free(&l->feed);
    list_remove(&l->node);
    free(l);
}

void launch_forget_unread(struct launch *l)
{
    if (!l->flowing && !l->readers && !l->kept)
        launch_free(l);
}

bool launch_is_unread(const struct launch *l)
{
    return !l->readers && loop_now(l->launches->parts.loop) - l->unread >= LAUNCH_UNREAD_MS;
}

static void kept_long_enough(void *arg)
{
    struct launch *l = arg;

    l->kept = NULL;
    launch_forget_unread(l);
}

/* Of those that have ended and that nobody reads, the oldest go first. */
static void keep_few(struct launches *all)
{
    size_t kept = 0;

    for (struct list *node = all->all.before, *next; node != &all->all; node = next) {
        struct launch *l = container_of(node, struct launch, node);

        next = node->before;
        if (l->flowing || l->readers)
            continue;
        if (++kept > LAUNCHES_KEPT)
            launch_free(l);
        else if (kept > LAUNCH_LOGS_KEPT)
            feed_drop_logs(&l->feed);
    }
}

static int move(struct launch *l, const char *kind, enum err_code code, struct err *e)
{
    struct store *store = l->launches->parts.store;
    const struct store_event event = {
        .kind = kind,
        .code = code,
        .launch = &l->row.id,
        .session = id_is_none(&l->row.session) ? NULL : &l->row.session,
    };
    cleanup_rollback struct store *open = store;

    if (store_begin(store, e) < 0 || store_launch_put(store, &l->row, e) < 0 || store_event_add(store, &event, e) < 0)
        return -1;
    return store_commit(store, e);
}

int launch_move(struct launch *l, const char *state, const struct err *why, struct err *e)
{
    cleanup_free char *kind = mem_format("launch.%s", state);

    str_copy(l->row.state, sizeof l->row.state, state);
    if (!str_is(state, "running"))
        l->row.ended = clock_utc_ms();
    if (why) {
        l->row.code = why->code;
        str_copy(l->row.text, sizeof l->row.text, why->text);
    }
    return move(l, kind, why ? why->code : ERR_NONE, e);
}

static void linger_over(void *arg)
{
    struct launch *l = arg;

    l->linger = NULL;
    watch_wake_all(&l->feed.watchers);
}

void launch_ended(struct launch *l)
{
    struct launches *all = l->launches;

    l->flowing = false;
    all->flowing--;
    if (l->lingers && str_is(l->row.state, "ready"))
        l->linger = loop_timer_new(all->parts.loop, all->settings.linger_ms, linger_over, l);
    l->kept = loop_timer_new(all->parts.loop, all->settings.keep_ms, kept_long_enough, l);
    watch_wake_all(&l->feed.watchers);
    keep_few(all);
}

/* Contract 2.9: the federation's address, or what the visitor called us. */
static void set_host(struct launch *l, const char *origin)
{
    const char *base = l->launches->settings.badge_base_url;
    const char *host = base ? base : origin;
    cleanup_free char *with_slash = mem_format("%s%s", host, str_ends(host, "/") ? "" : "/");

    str_copy(l->row.host, sizeof l->row.host, with_slash);
}

static int check(struct launch *l, const struct launch_request *request, struct err *e)
{
    const struct check_subject subject = {request, l->launches->settings.hosts, &l->place};

    if (check_launch(&subject, e) < 0)
        return -1;
    if (l->launches->flowing >= LAUNCHES_MAX)
        return err_set(e, ERR_LAUNCH_BUSY, "Too many launches are under way here. Try again in a minute.");
    return 0;
}

void launch_begin(struct launch *l, const struct flow_kind *kind, const char *from)
{
    l->flowing = true;
    l->launches->flowing++;
    flow_start(&l->flow, kind, l->launches->parts.loop, from);
}

struct launch *launch_start(struct launches *all, const struct launch_request *request)
{
    const struct store_launch row = {.id = id_new(), .stream = id_new(), .created = clock_utc_ms()};
    struct launch *l = launch_new(all, &row);
    struct launch_request stripped = *request;
    cleanup_free char *spec = launch_strip(request->spec);
    struct err why;

    stripped.spec = spec;
    str_copy(l->row.provider, sizeof l->row.provider, request->provider);
    str_copy(l->row.spec, sizeof l->row.spec, spec);
    set_host(l, request->origin);
    if (check(l, &stripped, &why) < 0 || launch_move(l, "running", NULL, &why) < 0)
        launch_fail(l, NULL, &why);
    else
        launch_begin(l, &launch_flow, NULL);
    return l;
}

int launch_parse(struct launch *l, struct err *e)
{
    const struct provider *provider = provider_find(l->row.provider);

    if (!provider)
        return err_set(e, ERR_LAUNCH_NO_PROVIDER, "%.60s", l->row.provider);
    return provider_parse(&l->place, provider, provider_host_of(l->launches->settings.hosts, provider), l->row.spec, e);
}

static void go_on(void *arg, const struct store_launch *row)
{
    struct launch *l = launch_new(arg, row);
    struct err why;

    if (launch_parse(l, &why) == 0) {
        l->lingers = true; /* the client may be one for whom a build was made */
        launch_begin(l, &launch_flow, launch_step_after_restart(row->step));
        return;
    }
    launch_fail(l, row->step, &why);
    launch_forget_unread(l);
}

static struct provider_host *copy_hosts(const struct provider_host *from)
{
    struct provider_host *hosts;
    size_t count = 0;

    while (from && from[count].prefix)
        count++;
    hosts = mem_zero(count + 1, sizeof *hosts);
    for (size_t i = 0; i < count; i++)
        hosts[i] = (struct provider_host){mem_string(from[i].prefix), mem_string(from[i].site), mem_string(from[i].api),
                                          mem_string(from[i].token)};
    return hosts;
}

static void free_hosts(const struct provider_host *hosts)
{
    for (const struct provider_host *h = hosts; h->prefix; h++) {
        free((char *)h->prefix);
        free((char *)h->site);
        free((char *)h->api);
        free((char *)h->token);
    }
    free((void *)hosts);
}

int launches_new(struct launches **out, const struct launch_parts *parts, const struct launch_settings *settings,
                 struct err *e)
{
    struct launches *all = mem_zero(1, sizeof *all);

    all->parts = *parts;
    all->settings = *settings;
    all->settings.image_prefix = mem_string(settings->image_prefix);
    all->settings.hub_url = mem_string(settings->hub_url);
    all->settings.badge_base_url = mem_string(settings->badge_base_url);
    all->settings.hosts = copy_hosts(settings->hosts);
    slots_init(&all->slots, parts->loop, settings->starts_at_a_time);
    list_init(&all->all);
    *out = all;
    return store_launch_load(parts->store, go_on, all, e);
}

void launches_free(struct launches **all)
{
    if (!*all)
        return;
    list_for_each_safe (node, &(*all)->all) {
        struct launch *l = container_of(node, struct launch, node);

        /* Not flow_cancel(): that would end the launch, and its row is to go on. A session's start is not cancelled
         * either, since that ends the session; sessions_free() drops it without a word. In that step who has no slot
         * waits for one. */
        if (!str_is(l->row.step, "session") || !l->has_slot)
            op_cancel(&l->flow.out);
        loop_timer_cancel(&l->flow.timer);
        launch_free(l);
    }
    free((char *)(*all)->settings.image_prefix);
    free((char *)(*all)->settings.hub_url);
    free((char *)(*all)->settings.badge_base_url);
    free_hosts((*all)->settings.hosts);
    free(*all);
    *all = NULL;
}
