/* Which name leads where, and when somebody was last there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/route.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "gateway/gateway.h"

void routes_start(struct routes *r)
{
    *r = (struct routes){0};
    list_init(&r->active);
}

struct route *route_find(const struct routes *r, struct slice name)
{
    struct route *route;

    HASH_FIND(hh, r->by_name, name.at, name.len, route);
    return route;
}

static void forget(struct gateway *g, struct route *route)
{
    HASH_DEL(g->routes.by_name, route);
    g->routes.full = false;
    route->state = WIRE_ROUTE_FORGOTTEN;
    park_route_set(g, route);
    target_close(&route->target);
    list_remove(&route->active);
    free(route->again);
    free(route->why);
    free(route);
}

static struct route *route_new(struct routes *r, const char *name)
{
    struct route *route;

    if (HASH_COUNT(r->by_name) >= ROUTES_MAX) {
        if (!r->full)
            log_line(LOG_ERR, ERR_GATEWAY_FULL, "the table of routes is full: %d", ROUTES_MAX);
        r->full = true;
        return NULL;
    }
    route = mem_zero(1, sizeof *route);
    str_copy(route->name, sizeof route->name, name);
    snprintf(route->base, sizeof route->base, "/user/%s/", name);
    target_start(&route->target, route);
    parked_start(&route->parked);
    HASH_ADD_STR(r->by_name, name, route);
    return route;
}

/* What the page of a closed one says. */
static void set_ending(struct route *route, const struct wire_message *m)
{
    route->code = (enum err_code)m->code;
    route->ended_s = m->ended_s;
    free(route->again);
    free(route->why);
    route->again = *m->bytes ? mem_string(m->bytes) : NULL;
    route->why = *m->why ? mem_string(m->why) : NULL;
}

void route_set(struct gateway *g, const struct wire_message *m)
{
    struct route *route = route_find(&g->routes, slice_of(m->name));
    bool stays;

    if (m->route == WIRE_ROUTE_FORGOTTEN) {
        if (route)
            forget(g, route);
        return;
    }
    if (!route)
        route = route_new(&g->routes, m->name);
    if (!route)
        return;
    /* Held keeps its connections: what is behind them is frozen, not gone. */
    stays = m->route == WIRE_ROUTE_HELD ||
            (m->route == WIRE_ROUTE_OPEN && target_is_at(&route->target, m->address, m->port));
    /* While it moves it is held: nothing more may go to where somebody else may be by now. */
    route->state = stays || m->route != WIRE_ROUTE_OPEN ? m->route : WIRE_ROUTE_HELD;
    set_ending(route, m);
    if (!stays) {
        target_close(&route->target);
        route->input_at = route->any_at = 0;
        list_remove(&route->active);
    }
    route->state = m->route;
    if (m->route == WIRE_ROUTE_OPEN)
        target_to_address(&route->target, m->address, m->port);
    route->woken = false; /* a daemon that says it anew may not have heard it */
    route->generation = g->routes.generation;
    park_route_set(g, route);
}

void routes_begin(struct routes *r)
{
    r->generation++;
}

void routes_synced(struct gateway *g)
{
    struct routes *r = &g->routes;
    struct route *route, *next;

    HASH_ITER (hh, r->by_name, route, next) {
        if (route->generation != r->generation)
            forget(g, route);
        else if (route->any_at && list_empty(&route->active))
            list_add(&r->active, &route->active); /* a daemon that has been away learns it anew */
    }
}

void route_note(struct gateway *g, struct route *route, bool input)
{
    route->any_at = g->poll.now;
    if (input)
        route->input_at = g->poll.now;
    if (list_empty(&route->active))
        list_add(&g->routes.active, &route->active);
    control_note_activity(&g->control);
    if (input && route->state == WIRE_ROUTE_HELD)
        park_wake(g, route); /* a tunnel from before it was frozen */
}
