/* Requests that wait for a frozen server to be woken (decisions 5). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/park.h"

#include "gateway/dispatch.h"
#include "gateway/gateway.h"
#include "gateway/relay.h"

#define SAY_AGAIN_MS 100

void park_start(struct park *p)
{
    *p = (struct park){0};
    list_init(&p->unsaid);
}

void parked_start(struct parked *p)
{
    *p = (struct parked){0};
    list_init(&p->clients);
}

void park_wake(struct gateway *g, struct route *route)
{
    control_hint(&g->control, WIRE_WAKE, route);
    if (route->woken || !g->control.greeted)
        return; /* a daemon that comes back says that the route is held, and is told then */
    if (list_empty(&route->parked.unsaid))
        list_add(&g->park.unsaid, &route->parked.unsaid);
    poll_tick_in(&g->poll, SAY_AGAIN_MS);
}

void park_tick(struct gateway *g)
{
    list_for_each_safe (node, &g->park.unsaid) {
        struct route *route = container_of(node, struct route, parked.unsaid);

        list_remove(node);
        park_wake(g, route);
        if (!list_empty(node))
            return; /* the queue is still full */
    }
}

void park_client(struct client *c, struct route *route)
{
    struct gateway *g = c->gateway;

    park_wake(g, route);
    if (route->parked.count >= PARK_ROUTE_MAX || g->park.count >= PARK_MAX) {
        client_say_page(c, ERR_GATEWAY_PARK_FULL, NULL);
        return;
    }
    if (!relay_compose(c, &route->target))
        return;
    c->state = CLIENT_PARKED;
    c->parked_at = route;
    list_remove(&c->node);
    list_add(&route->parked.clients, &c->node);
    route->parked.count++;
    g->park.count++;
    poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_WAKE_MS]);
}

void park_leave(struct client *c)
{
    if (!c->parked_at)
        return;
    list_remove(&c->node);
    c->parked_at->parked.count--;
    c->gateway->park.count--;
    c->parked_at = NULL;
}

void park_route_set(struct gateway *g, struct route *route)
{
    if (route->state == WIRE_ROUTE_HELD) {
        if (route->parked.count)
            park_wake(g, route);
        return;
    }
    list_remove(&route->parked.unsaid);
    while (!list_empty(&route->parked.clients)) {
        struct client *c = container_of(route->parked.clients.next, struct client, node);

        park_leave(c);
        if (route->state == WIRE_ROUTE_OPEN)
            relay_start(c, &route->target, 0);
        else
            client_say_route(c, route);
        client_run(c);
    }
}
