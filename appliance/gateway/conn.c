/* One client's connection: its requests, one after another. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/conn.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "gateway/dispatch.h"
#include "gateway/gateway.h"
#include "gateway/relay.h"
#include "gateway/tunnel.h"
#include "http/field.h"

#define STEPS_A_TURN 8 /* requests of one client before others have their turn */
#define WAIT_TICK_MS 100
#define HEAD_SLOW_MS 1000 /* a head that takes longer may be cut off for somebody else */
#define LINGER_MS 2000
#define LINGER_BYTES (1 << 20)

void clients_start(struct clients *c)
{
    *c = (struct clients){0};
    list_init(&c->idle);
    list_init(&c->heads);
    list_init(&c->waiting);
}

static size_t clients_most(const struct gateway *g)
{
    size_t wanted = (size_t)g->settings[WIRE_SETTING_CONNECTIONS_MAX];

    return wanted < g->clients.most ? wanted : g->clients.most;
}

/* Who goes to make room: the longest idle, or who has been at its head for a while. */
static struct client *dispensable(const struct gateway *g)
{
    const struct list *idle = &g->clients.idle, *heads = &g->clients.heads;
    struct client *slow;

    if (!list_empty(idle))
        return container_of(idle->next, struct client, node);
    if (list_empty(heads))
        return NULL;
    slow = container_of(heads->next, struct client, node);
    return g->poll.now - slow->begun_at >= HEAD_SLOW_MS ? slow : NULL;
}

bool clients_have_room(const struct gateway *g)
{
    return g->clients.count < clients_most(g) || dispensable(g);
}

/* The door's neither count nor give way: they are the daemon's, and few. */
static bool is_public(const struct client *c)
{
    return c->kind != LISTEN_DOOR;
}

void client_close(struct client *c)
{
    struct gateway *g = c->gateway;

    if (c->state == CLIENT_CLOSED)
        return;
    c->state = CLIENT_CLOSED;
    if (c->upstream)
        upstream_close(STEAL(c->upstream));
    park_leave(c);
    room_free(&c->request);
    list_remove(&c->node);
    list_remove(&c->again.node);
    stream_close(&c->stream);
    g->clients.count -= is_public(c);
    if (c->limit)
        limit_leave(g, c->limit);
    poll_bury(&g->poll, &c->grave, c);
    listeners_resume(&g->listeners);
}

static void clear_request(struct client *c)
{
    c->up = c->down = (struct way){0};
    c->paid = 0;
    c->owes = c->begun = c->to_head = c->old = c->json = c->last = c->websocket = false;
    c->expects = c->input = c->idempotent = c->up_broken = c->answered = c->keep = false;
    c->interim = 0;
}

/* Between two requests. */
static void rest(struct client *c)
{
    struct gateway *g = c->gateway;

    clear_request(c);
    c->state = CLIENT_HEAD;
    if (is_public(c))
        list_add(&g->clients.idle, &c->node);
    poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_KEEP_ALIVE_MS]);
}

void client_next(struct client *c)
{
    if (!c->last) {
        rest(c);
        return;
    }
    if (c->stream.ended || c->stream.failed) {
        client_close(c);
        return;
    }
    stream_shut(&c->stream);
    c->state = CLIENT_LINGER;
    poll_timer_set(&c->gateway->poll, &c->stream.timer, LINGER_MS);
}

/* What still comes is dropped until the client has read all and closes. */
static void linger(struct client *c)
{
    for (;;) {
        size_t len = stream_got(&c->stream).len;

        c->lingered += (uint32_t)len;
        stream_used(&c->stream, len);
        if (c->lingered > LINGER_BYTES)
            break;
        switch (stream_read(&c->stream)) {
        case STREAM_BYTES:
            continue;
        case STREAM_NOTHING:
            return;
        case STREAM_ENDED:
        case STREAM_FAILED:
            break;
        }
        break;
    }
    client_close(c);
}

static void say(struct client *c)
{
    struct gateway *g = c->gateway;

    c->state = CLIENT_SAYING;
    list_remove(&c->node);
    poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_STALL_MS]);
}

static void begin_page(struct client *c)
{
    park_leave(c);
    if (c->upstream)
        upstream_close(STEAL(c->upstream));
    room_free(&c->request);
    /* A request whose rest is not read: what follows could not be told from it. */
    if (!c->up.framing.done || c->up.ready)
        c->last = true;
}

void client_say(struct client *c, struct page *page)
{
    begin_page(c);
    page->portal = c->gateway->portal_url;
    page->json = c->json;
    page->to_head = c->to_head;
    page->last = c->last;
    page_add(stream_out(&c->stream), page);
    say(c);
}

void client_say_page(struct client *c, enum err_code code, const char *text)
{
    struct page page = {.code = code, .text = text};

    client_say(c, &page);
}

void client_say_health(struct client *c)
{
    begin_page(c);
    page_add_health(stream_out(&c->stream), c->to_head, c->last);
    say(c);
}

void client_pace(struct client *c, bool owes)
{
    struct gateway *g = c->gateway;
    int64_t stall = g->settings[WIRE_SETTING_STALL_MS];
    int64_t due = g->settings[WIRE_SETTING_PACE_MIN] * stall / 1000;
    uint64_t moved = c->up.total + c->down.total;

    if (owes && c->owes && (int64_t)(moved - c->paid) < (due ? due : 1))
        return; /* the time that it has goes on */
    c->owes = owes;
    c->paid = moved;
    poll_timer_set(&g->poll, &c->stream.timer, owes ? stall : g->settings[WIRE_SETTING_ANSWER_MS]);
}

void client_wait(struct client *c)
{
    struct gateway *g = c->gateway;

    if (g->poll.now >= c->wait_until) {
        client_say_page(c, ERR_GATEWAY_AWAY, NULL);
        return;
    }
    c->state = CLIENT_WAITING;
    poll_timer_stop(&c->stream.timer);
    list_remove(&c->node);
    list_add(&g->clients.waiting, &c->node);
    poll_tick_in(&g->poll, WAIT_TICK_MS);
}

void clients_tick(struct gateway *g)
{
    bool away = false;

    list_for_each_safe (node, &g->clients.waiting) {
        struct client *c = container_of(node, struct client, node);

        if (c->wait_until <= g->poll.now) {
            list_remove(&c->node);
            client_say_page(c, ERR_GATEWAY_AWAY, NULL);
            client_run(c);
        } else if (!away && relay_connect(c, &g->portal, true)) {
            list_remove(&c->node);
            client_run(c);
        } else {
            away = true; /* one try a tick is enough to see it */
        }
    }
    if (!list_empty(&g->clients.waiting))
        poll_tick_in(&g->poll, WAIT_TICK_MS);
}

/* Whether who sent the request may have one more now. Proxies and this machine may; who they speak for is counted. */
static bool may_ask(struct client *c)
{
    struct gateway *g = c->gateway;
    const struct who *who = &g->who;

    if (!who->proxied)
        return !c->limit || limit_request(g, c->limit);
    return !who->known || who->proxy || limit_request(g, limit_of(g, who->address));
}

/* Who goes on all the same has to come in anew for it. */
static void say_too_many(struct client *c)
{
    c->last = true;
    client_say_page(c, ERR_GATEWAY_RATE, NULL);
}

/* The head of `len` bytes at the front of what the client has said. */
static void take_request(struct client *c, size_t len)
{
    struct http_head *h = &c->gateway->head;
    struct err e;

    if (http_request_parse(h, stream_got(&c->stream).at, len, &e) < 0) {
        client_say_page(c, e.code, e.text);
        return;
    }
    c->to_head = slice_is(h->method, "HEAD");
    c->old = h->minor == 0;
    c->last = h->close;
    c->json = http_wants_json(h);
    who_read(&c->gateway->who, c, h);
    if (may_ask(c))
        dispatch_request(c, len);
    else
        say_too_many(c);
}

static void begin_head(struct client *c)
{
    struct gateway *g = c->gateway;

    c->begun = true;
    c->begun_at = g->poll.now;
    list_remove(&c->node);
    poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_HEAD_MS]);
}

/* False: nothing can be done until more comes. */
static bool read_request(struct client *c)
{
    size_t most = (size_t)c->gateway->settings[WIRE_SETTING_HEAD_MAX];

    for (;;) {
        struct slice got = stream_got(&c->stream);
        size_t len = got.len ? http_head_end(got.at, got.len, c->stream.scanned) : 0;

        if (got.len && !c->begun)
            begin_head(c);
        if (len > most || (!len && got.len >= most)) {
            client_say_page(c, ERR_HTTP_HEAD_TOO_LARGE, NULL);
            return true;
        }
        if (len) {
            list_remove(&c->node);
            take_request(c, len);
            stream_used(&c->stream, len);
            return true;
        }
        /* Whoever speaks something else, TLS for example, need not wait for an end that never comes. */
        if (got.len && got.at[0] != '\r' && (got.at[0] < 'A' || got.at[0] > 'Z')) {
            client_say_page(c, ERR_HTTP_MALFORMED, NULL);
            return true;
        }
        c->stream.scanned = (uint32_t)got.len;
        switch (stream_read(&c->stream)) {
        case STREAM_BYTES:
            break;
        case STREAM_NOTHING:
            if (c->begun && list_empty(&c->node) && is_public(c))
                list_add(&c->gateway->clients.heads, &c->node);
            return false;
        case STREAM_ENDED:
        case STREAM_FAILED:
            client_close(c);
            return true;
        }
    }
}

static void write_own(struct client *c)
{
    if (stream_write(&c->stream, NULL, 0) < 0)
        client_close(c);
    else if (!stream_pending(&c->stream))
        client_next(c);
}

/* One step; false when there is no other before something happens. */
static bool step(struct client *c)
{
    enum client_state before = c->state;

    switch (before) {
    case CLIENT_HEAD:
        return read_request(c);
    case CLIENT_RELAY:
        relay_run(c);
        return c->state != before;
    case CLIENT_SAYING:
        write_own(c);
        return c->state != before;
    case CLIENT_TUNNEL:
        tunnel_run(c);
        return false;
    case CLIENT_LINGER:
        linger(c);
        return false;
    case CLIENT_WAITING:
        if (c->stream.failed)
            client_close(c);
        return false;
    case CLIENT_PARKED:
        /* Who waits for a person's page does not say its last before it has come. */
        if (c->stream.failed || c->stream.hung_up)
            client_close(c);
        return false;
    case CLIENT_CLOSED:
        break;
    }
    return false;
}

void client_run(struct client *c)
{
    for (int i = 0; i < STEPS_A_TURN * 2; i++)
        if (!step(c))
            return;
    if (c->state != CLIENT_CLOSED)
        poll_again(&c->gateway->poll, &c->again);
}

static void client_again(struct poll_again *again)
{
    client_run(container_of(again, struct client, again));
}

static void client_ready(struct poll_source *source, uint32_t events)
{
    struct client *c = container_of(source, struct client, stream.source);

    stream_note(&c->stream, events);
    client_run(c);
}

static void client_expired(struct poll_timer *t)
{
    struct client *c = container_of(t, struct client, stream.timer);

    if (c->state == CLIENT_RELAY) {
        relay_expired(c);
    } else if (c->state == CLIENT_PARKED || (c->state == CLIENT_HEAD && c->begun)) {
        client_say_page(c, c->state == CLIENT_PARKED ? ERR_GATEWAY_HELD : ERR_GATEWAY_SLOW, NULL);
        client_run(c);
    } else {
        client_close(c);
    }
}

/* False: its client has as many as it may. *limit: NULL for proxies and for who comes over a unix socket. */
static bool count_connection(struct gateway *g, const struct in6_addr *address, struct limit **limit)
{
    *limit = NULL;
    if (IN6_IS_ADDR_UNSPECIFIED(address) || who_is_trusted(&g->proxies, address))
        return true;
    *limit = limit_connect(g, address->s6_addr);
    return *limit;
}

void client_start(struct gateway *g, int fd, enum listener_kind kind, const struct in6_addr *address)
{
    struct limit *limit;
    struct client *c;
    struct err e;

    if (!count_connection(g, address, &limit)) {
        limit_refuse(g, fd);
        return;
    }
    if (kind != LISTEN_DOOR && g->clients.count >= clients_most(g))
        client_close(dispensable(g));
    c = mem_zero(1, sizeof *c);
    c->limit = limit;
    stream_start(&c->stream, fd);
    c->stream.source.ready = client_ready;
    c->stream.timer.expired = client_expired;
    c->again.run = client_again;
    c->gateway = g;
    c->kind = kind;
    c->address = *address;
    g->clients.count += is_public(c);
    rest(c);
    poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_HEAD_MS]);
    if (poll_watch(&g->poll, &c->stream.source, true, &e) < 0)
        client_close(c);
}
