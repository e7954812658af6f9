/* Where a request goes: by its listener, its path and the state of its route. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/dispatch.h"

#include "gateway/gateway.h"
#include "gateway/relay.h"
#include "http/field.h"

#define USER_PREFIX "/user/"

void client_say_route(struct client *c, const struct route *route)
{
    struct page page = {.code = ERR_GATEWAY_NO_SESSION};

    if (route->state == WIRE_ROUTE_HELD) {
        page.code = ERR_GATEWAY_UNREACHABLE; /* it is moving to another address */
    } else if (route->state == WIRE_ROUTE_CLOSED) {
        page.code = route->code;
        page.status = err_info(ERR_GATEWAY_NO_SESSION)->http_status;
        page.ended_s = route->ended_s;
        page.again = route->again;
        page.text = route->why;
    }
    client_say(c, &page);
}

static void say_health(struct client *c, const struct http_head *h)
{
    if (!c->to_head && !slice_is(h->method, "GET"))
        client_say_page(c, ERR_HTTP_METHOD, NULL);
    else
        client_say_health(c);
}

/* A frozen server: people wake it, the polls of an open tab do not (decisions 5, 22). */
static void to_held(struct client *c, struct route *route, const struct http_head *h)
{
    if (http_is_input(h))
        park_client(c, route);
    else
        client_say_page(c, ERR_GATEWAY_ASLEEP, NULL);
}

/* `below`: the path behind "/user/". */
static void to_route(struct client *c, const struct http_head *h, struct slice below, size_t head_len)
{
    struct route *route = route_find(&c->gateway->routes, slice_cut(&below, '/'));

    if (!route) {
        client_say_page(c, ERR_GATEWAY_NO_SESSION, NULL);
        return;
    }
    switch (route->state) {
    case WIRE_ROUTE_OPEN:
        relay_begin(c, &route->target, head_len);
        return;
    case WIRE_ROUTE_HELD:
        to_held(c, route, h);
        return;
    case WIRE_ROUTE_CLOSED:
    case WIRE_ROUTE_FORGOTTEN:
        client_say_route(c, route);
        return;
    }
}

/* The sessions host (contract 1.6). */
static void to_sessions(struct client *c, const struct http_head *h, size_t head_len)
{
    static const size_t prefix = sizeof USER_PREFIX - 1;

    if (slice_is(h->path, "/hub/api/health"))
        say_health(c, h);
    else if (h->path.len > prefix && memcmp(h->path.at, USER_PREFIX, prefix) == 0)
        to_route(c, h, slice_from(h->path, prefix), head_len);
    else
        client_say_page(c, ERR_GATEWAY_NOT_FOUND, NULL);
}

void dispatch_request(struct client *c, size_t head_len)
{
    struct gateway *g = c->gateway;
    const struct http_head *h = &g->head;
    bool portal = c->kind == LISTEN_PORTAL;
    int64_t most = g->settings[portal ? WIRE_SETTING_PORTAL_BODY_MAX : WIRE_SETTING_SESSION_BODY_MAX];
    struct err e;

    /* Before its framing is known, so that the connection ends: what follows a CONNECT need not be a request. */
    if (slice_is(h->method, "TRACE") || slice_is(h->method, "CONNECT"))
        client_say_page(c, ERR_HTTP_METHOD, NULL);
    else if (http_framing_request(&c->up.framing, h, most, &e) < 0)
        client_say_page(c, e.code, e.text);
    else if (portal)
        relay_begin(c, &g->portal, head_len);
    else
        to_sessions(c, h, head_len);
}
