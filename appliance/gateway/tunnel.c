/* Bytes both ways, after 101. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/tunnel.h"

#include "gateway/gateway.h"

void tunnel_begin(struct client *c)
{
    c->state = CLIENT_TUNNEL;
    c->up = c->down = (struct way){0};
    http_framing_endless(&c->up.framing);
    http_framing_endless(&c->down.framing);
    c->frames = (struct http_wsframe){0};
    c->up.frames = &c->frames;
}

/* False: the tunnel is over. */
static bool run_way(struct client *c, struct way *w, struct stream *from, struct stream *to)
{
    struct err e;

    if (w->over)
        return true;
    switch (way_pump(w, from, to, &e)) {
    case WAY_WAITS:
        return true;
    case WAY_AGAIN:
        poll_again(&c->gateway->poll, &c->again);
        return true;
    case WAY_ENDED:
        /* The other direction goes on for as long as a stalled client may. */
        stream_shut(to);
        w->over = true;
        return true;
    case WAY_DONE:
    case WAY_MALFORMED:
    case WAY_NO_SOURCE:
    case WAY_NO_SINK:
        break;
    }
    return false;
}

void tunnel_run(struct client *c)
{
    struct gateway *g = c->gateway;
    struct upstream *u = c->upstream;
    struct route *route = u->target->route;
    bool goes_on = run_way(c, &c->up, &c->stream, &u->stream) && run_way(c, &c->down, &u->stream, &c->stream);

    if (route && c->kind == LISTEN_SESSIONS && (c->up.moved || c->down.moved))
        route_note(g, route, c->up.spoke);
    c->up.moved = c->down.moved = c->up.spoke = false;
    if (!goes_on || (c->up.over && c->down.over)) {
        client_close(c);
        return;
    }
    poll_timer_set(&g->poll, &c->stream.timer,
                   g->settings[c->up.over || c->down.over ? WIRE_SETTING_STALL_MS : WIRE_SETTING_TUNNEL_IDLE_MS]);
}
