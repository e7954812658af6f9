/* The gateway's end of control.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/control.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "gateway/gateway.h"

#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 1000
#define PACKETS_A_TURN 64
#define COMPLAIN_MS 1000    /* and the journal hears this often of what the daemon says wrong */
#define UNREACHABLE_MS 1000 /* a route's UNREACHABLE is said this often at most */

static void lost(struct control *c)
{
    poll_close(&c->source);
    c->greeted = false;
    c->version = WIRE_VERSION;
    c->retry_at = c->gateway->poll.now + c->retry_ms;
    poll_tick_in(&c->gateway->poll, c->retry_ms);
    c->retry_ms = c->retry_ms * 2 < RETRY_MOST_MS ? c->retry_ms * 2 : RETRY_MOST_MS;
}

/* False: not taken, because the queue is full or the daemon is gone. */
static bool say(struct control *c, const struct wire_message *m)
{
    uint8_t packet[WIRE_PACKET_MAX];
    size_t len = wire_encode(packet, m, c->version);

    return send(c->source.fd, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

static int hear_hello(struct control *c, const struct wire_message *m, struct err *e)
{
    if (c->greeted)
        return err_set(e, ERR_WIRE_MALFORMED, "a second hello");
    if (!wire_version(m->version))
        return err_set(e, ERR_WIRE_MALFORMED, "the daemon speaks version %u, this gateway %d", m->version,
                       WIRE_VERSION);
    c->greeted = true;
    c->version = wire_version(m->version);
    c->retry_ms = RETRY_FIRST_MS;
    routes_begin(&c->gateway->routes);
    log_line(LOG_INFO, ERR_NONE, "the daemon is here");
    return 0;
}

/* Whether the journal may hear again of what the daemon says wrong. */
static bool may_say(struct control *c)
{
    int64_t now = c->gateway->poll.now;

    if (c->said_at && now - c->said_at < COMPLAIN_MS)
        return false;
    c->said_at = now;
    return true;
}

static void hear_setting(struct control *c, const struct wire_message *m)
{
    struct gateway *g = c->gateway;

    if (wire_settings_take(g->settings, m))
        listeners_resume(&g->listeners);
    else if (may_say(c))
        log_line(LOG_WARNING, ERR_WIRE_MALFORMED, "setting %u is not known here, or %lld is out of its range",
                 m->setting, (long long)m->value);
}

/* A text of a later version means nothing here. */
static void hear_text(struct gateway *g, const struct wire_message *m)
{
    if (m->text == WIRE_TEXT_PORTAL_URL)
        str_copy(g->portal_url, sizeof g->portal_url, m->bytes);
}

static int hear(struct control *c, const uint8_t *packet, size_t len, struct err *e)
{
    struct wire_message m;

    if (wire_decode(&m, packet, len, c->version, e) < 0)
        return -1;
    if (m.kind == WIRE_HELLO)
        return hear_hello(c, &m, e);
    if (!c->greeted)
        return err_set(e, ERR_WIRE_MALFORMED, "kind %d before the hello", (int)m.kind);
    switch (m.kind) {
    case WIRE_SETTING:
        hear_setting(c, &m);
        return 0;
    case WIRE_ROUTE:
        route_set(c->gateway, &m);
        return 0;
    case WIRE_SYNCED:
        routes_synced(c->gateway);
        control_note_activity(c);
        return 0;
    case WIRE_TEXT:
        hear_text(c->gateway, &m);
        return 0;
    case WIRE_PROXIES:
        c->gateway->proxies = m.proxies;
        return 0;
    case WIRE_HELLO:
    case WIRE_WAKE:
    case WIRE_ACTIVITY:
    case WIRE_UNREACHABLE:
        break;
    }
    return err_set(e, ERR_WIRE_MALFORMED, "kind %d is the gateway's to say", (int)m.kind);
}

static void control_ready(struct poll_source *source, uint32_t events)
{
    struct control *c = container_of(source, struct control, source);
    uint8_t packet[WIRE_PACKET_MAX];
    struct err e;

    for (int i = 0; i < PACKETS_A_TURN; i++) {
        ssize_t n = recv(source->fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            log_line(LOG_NOTICE, ERR_NONE, "the daemon has gone; routes stay as they are");
            lost(c);
            return;
        }
        if ((size_t)n > sizeof packet)
            err_set(&e, ERR_WIRE_MALFORMED, "a packet of %zd bytes", n);
        if ((size_t)n > sizeof packet || hear(c, packet, (size_t)n, &e) < 0) {
            if (may_say(c))
                log_err(LOG_ERR, &e, "the daemon's message");
            lost(c);
            return;
        }
    }
}

static void try_to_connect(struct control *c)
{
    struct wire_message hello = {.kind = WIRE_HELLO, .version = WIRE_VERSION};
    struct err e;

    if (fd_connect_unix(&c->source.fd, c->path, SOCK_SEQPACKET | SOCK_NONBLOCK, &e) < 0) {
        c->source.fd = -1;
        lost(c);
        return;
    }
    c->retry_at = 0;
    if (poll_watch(&c->gateway->poll, &c->source, false, &e) < 0 || !say(c, &hello))
        lost(c);
}

void control_start(struct control *c, struct gateway *g, const char *path)
{
    *c = (struct control){.source = {-1, control_ready}, .gateway = g, .path = path, .retry_ms = RETRY_FIRST_MS};
    c->version = WIRE_VERSION;
    try_to_connect(c);
}

static uint32_t age(int64_t now, int64_t at)
{
    if (!at)
        return UINT32_MAX;
    return now - at < UINT32_MAX ? (uint32_t)(now - at) : UINT32_MAX - 1;
}

/* The queue takes about 278 packets (decisions 5); what it does not take now is said at the next report. */
static void report(struct control *c)
{
    struct gateway *g = c->gateway;

    while (!list_empty(&g->routes.active)) {
        struct route *route = container_of(g->routes.active.next, struct route, active);
        struct wire_message m = {.kind = WIRE_ACTIVITY};

        str_copy(m.name, sizeof m.name, route->name);
        m.input_ms = age(g->poll.now, route->input_at);
        m.any_ms = age(g->poll.now, route->any_at);
        if (!say(c, &m))
            return;
        list_remove(&route->active);
    }
}

void control_note_activity(struct control *c)
{
    int64_t now = c->gateway->poll.now;

    if (c->greeted)
        poll_tick_in(&c->gateway->poll, c->report_at > now ? c->report_at - now : 0);
}

void control_tick(struct control *c)
{
    int64_t now = c->gateway->poll.now;

    if (c->retry_at && c->retry_at <= now)
        try_to_connect(c);
    else if (c->retry_at)
        poll_tick_in(&c->gateway->poll, c->retry_at - now);
    if (!c->greeted || list_empty(&c->gateway->routes.active))
        return;
    if (c->report_at <= now) {
        c->report_at = now + c->gateway->settings[WIRE_SETTING_ACTIVITY_MS];
        report(c);
    }
    if (!list_empty(&c->gateway->routes.active))
        control_note_activity(c);
}

void control_hint(struct control *c, enum wire_kind kind, struct route *route)
{
    struct wire_message m = {.kind = kind};
    int64_t now = c->gateway->poll.now;

    if (!c->greeted)
        return;
    if (kind == WIRE_UNREACHABLE && route->unreachable_at && now - route->unreachable_at < UNREACHABLE_MS)
        return;
    if (kind == WIRE_WAKE && route->woken)
        return;
    str_copy(m.name, sizeof m.name, route->name);
    if (!say(c, &m))
        return;
    route->woken |= kind == WIRE_WAKE;
    if (kind == WIRE_UNREACHABLE)
        route->unreachable_at = now;
}
