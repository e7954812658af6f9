/* One request to a server and its answer back. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/relay.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "gateway/fields.h"
#include "gateway/gateway.h"
#include "gateway/tunnel.h"
#include "http/field.h"

#define INTERIM_MAX 16      /* 1xx answers before the real one */
#define BAD_ANSWER_MS 10000 /* between two lines in the journal */

static void note_activity(struct client *c, const struct target *target, bool input)
{
    if (target->route && c->kind == LISTEN_SESSIONS)
        route_note(c->gateway, target->route, input);
}

static bool is_method(const struct http_head *h, const char *method)
{
    return slice_is(h->method, method);
}

static bool is_bodyless(const struct client *c)
{
    return c->up.framing.done && c->up.framing.kind == HTTP_BY_LENGTH;
}

/* Who waits to be told to go on is told by us, and what the server says to that is dropped (RFC 9110, 10.1.1). */
static void say_continue(struct client *c, size_t head_len)
{
    if (c->old || is_bodyless(c) || stream_got(&c->stream).len > head_len)
        return;
    room_add_text(stream_out(&c->stream), "HTTP/1.1 100 Continue\r\n\r\n");
    if (stream_write(&c->stream, NULL, 0) < 0)
        c->last = true;
}

static void cannot_be_reached(struct client *c, struct target *target)
{
    if (!target->route) {
        client_wait(c);
        return;
    }
    control_hint(&c->gateway->control, WIRE_UNREACHABLE, target->route);
    client_say_page(c, ERR_GATEWAY_UNREACHABLE, NULL);
}

bool relay_compose(struct client *c, const struct target *target)
{
    const struct http_head *h = &c->gateway->head;
    bool gets = is_method(h, "GET");

    c->websocket = h->websocket && gets && is_bodyless(c) && target->route;
    c->idempotent = is_bodyless(c) && (gets || c->to_head || is_method(h, "OPTIONS")) && !c->websocket;
    c->expects = h->expects;
    c->input = http_is_input(h);
    c->request = room_new();
    if (fields_request(c->request, c, h, target))
        return true;
    client_say_page(c, ERR_HTTP_HEAD_TOO_LARGE, NULL);
    return false;
}

void relay_start(struct client *c, struct target *target, size_t read)
{
    struct gateway *g = c->gateway;

    note_activity(c, target, c->input);
    if (c->expects)
        say_continue(c, read);
    c->wait_until = g->poll.now + g->settings[WIRE_SETTING_DAEMON_WAIT_MS];
    if (!relay_connect(c, target, false))
        cannot_be_reached(c, target);
}

void relay_begin(struct client *c, struct target *target, size_t head_len)
{
    if (relay_compose(c, target))
        relay_start(c, target, head_len);
}

bool relay_connect(struct client *c, struct target *target, bool fresh)
{
    struct gateway *g = c->gateway;
    struct upstream *u = upstream_take(target, c, fresh);

    if (!u)
        return false;
    u->stream.out = STEAL(c->request);
    u->stream.keep_out = c->idempotent && (u->reused || !target->route);
    c->upstream = u;
    c->state = CLIENT_RELAY;
    c->owes = false; /* what it owed the server before this one is over */
    if (!u->connected)
        poll_timer_set(&g->poll, &c->stream.timer, g->settings[WIRE_SETTING_CONNECT_MS]);
    return true;
}

/* The server went before it had answered: where nothing can have happened twice, the request is said again. */
static void gone(struct client *c)
{
    struct upstream *u = c->upstream;
    struct target *target = u->target;
    bool reached = u->connected, again = !reached || u->stream.keep_out;

    if (again && u->stream.out) {
        c->request = STEAL(u->stream.out);
        c->request->start = 0;
    }
    c->upstream = NULL;
    upstream_close(u);
    if (!c->request)
        client_say_page(c, target->route ? ERR_GATEWAY_BAD_ANSWER : ERR_GATEWAY_AWAY, NULL);
    else if (!target->route)
        client_wait(c);
    else if (!reached || !relay_connect(c, target, true))
        cannot_be_reached(c, target);
}

static bool up_is_done(const struct client *c)
{
    return c->up.framing.done && !c->up.ready && !stream_pending(&c->upstream->stream);
}

/* The request's way. False: the client is no longer in this relay. */
static bool run_up(struct client *c)
{
    struct err e;

    if (c->up_broken || up_is_done(c))
        return true;
    switch (way_pump(&c->up, &c->stream, &c->upstream->stream, &e)) {
    case WAY_AGAIN:
        poll_again(&c->gateway->poll, &c->again);
        return true;
    case WAY_WAITS:
    case WAY_DONE:
        return true;
    case WAY_NO_SINK:
        c->up_broken = true; /* it may have answered all the same */
        return true;
    case WAY_MALFORMED:
        if (!c->answered) {
            client_say_page(c, e.code, e.text);
            return false;
        }
        break;
    case WAY_ENDED:
    case WAY_NO_SOURCE:
        break;
    }
    client_close(c);
    return false;
}

static void bad_answer(struct client *c, const struct err *e)
{
    struct gateway *g = c->gateway;

    /* A container may do this as often as it likes, the journal need not hear of each. */
    if (!g->bad_answer_at || g->poll.now - g->bad_answer_at > BAD_ANSWER_MS) {
        g->bad_answer_at = g->poll.now;
        log_err(LOG_INFO, e, "a server's answer");
    }
    client_say_page(c, ERR_GATEWAY_BAD_ANSWER, NULL);
}

/* 101 is an answer only to who asked for it. */
static int take_upgrade(struct client *c, const struct http_head *h, struct err *e)
{
    if (!c->websocket || !h->websocket || !up_is_done(c))
        return err_set(e, ERR_GATEWAY_BAD_ANSWER, "101 was not asked for");
    return 0;
}

static int take_interim(struct client *c, const struct http_head *h, struct err *e)
{
    if (h->status == 101)
        return take_upgrade(c, h, e);
    if (++c->interim > INTERIM_MAX)
        return err_set(e, ERR_GATEWAY_BAD_ANSWER, "more than %d answers before the answer", INTERIM_MAX);
    return 0;
}

static void take_final(struct client *c, const struct http_head *h)
{
    http_framing_answer(&c->down.framing, h, c->to_head);
    if (c->down.framing.kind == HTTP_UNTIL_CLOSE)
        c->last = true;
    c->keep = !h->close && c->down.framing.kind != HTTP_UNTIL_CLOSE;
    c->answered = true;
    c->upstream->stream.keep_out = false;
    if (!stream_pending(&c->upstream->stream))
        stream_drop_out(&c->upstream->stream);
}

/* Interim answers are for who understands them, and go missing where the client does not keep up. */
static bool is_passed_on(const struct client *c, const struct http_head *h)
{
    if (h->status == 101 || h->status >= 200)
        return true;
    return h->status != 100 && !c->old && !stream_pending(&c->stream);
}

/* Takes the head of `len` bytes at the front of what the server has said. */
static int take_answer(struct client *c, size_t len, struct err *e)
{
    struct http_head *h = &c->gateway->head;
    struct stream *from = &c->upstream->stream;
    struct slice got = stream_got(from);

    if (http_answer_parse(h, got.at, len, e) < 0)
        return -1;
    if (h->status < 200 && take_interim(c, h, e) < 0)
        return -1;
    if (h->status >= 200)
        take_final(c, h);
    if (is_passed_on(c, h) && !fields_answer(stream_out(&c->stream), c, h, got.at)) {
        c->answered = false;
        return err_set(e, ERR_GATEWAY_BAD_ANSWER, "its head does not fit");
    }
    stream_used(from, len);
    if (h->status == 101)
        tunnel_begin(c);
    return 0;
}

/* Reads heads until the real one. False: there is none yet, or the client is no longer in this relay. */
static bool read_answer(struct client *c)
{
    struct stream *from = &c->upstream->stream;
    size_t most = (size_t)c->gateway->settings[WIRE_SETTING_HEAD_MAX];
    struct err e;

    while (!c->answered) {
        struct slice got = stream_got(from);
        size_t len = got.len ? http_head_end(got.at, got.len, from->scanned) : 0;

        if (len > most || (!len && got.len >= most)) {
            err_set(&e, ERR_GATEWAY_BAD_ANSWER, "its head is larger than %zu bytes", most);
            bad_answer(c, &e);
            return false;
        }
        if (len) {
            if (take_answer(c, len, &e) < 0)
                bad_answer(c, &e);
            if (c->state != CLIENT_RELAY)
                return false;
            continue;
        }
        from->scanned = (uint32_t)got.len;
        switch (stream_read(from)) {
        case STREAM_BYTES:
            break;
        case STREAM_NOTHING:
            return false;
        case STREAM_ENDED:
        case STREAM_FAILED:
            gone(c);
            return false;
        }
    }
    return true;
}

static void finish(struct client *c)
{
    struct upstream *u = c->upstream;
    bool all = up_is_done(c) && !c->up_broken;

    note_activity(c, u->target, false);
    if (!all)
        c->last = true; /* the rest of the request would be taken for the next one */
    c->upstream = NULL;
    if (all && c->keep)
        upstream_keep(u);
    else
        upstream_close(u);
    client_next(c);
}

static void run_down(struct client *c)
{
    struct err e;

    switch (way_pump(&c->down, &c->upstream->stream, &c->stream, &e)) {
    case WAY_AGAIN:
        poll_again(&c->gateway->poll, &c->again);
        return;
    case WAY_WAITS:
        return;
    case WAY_DONE:
        finish(c);
        return;
    case WAY_ENDED:
        if (c->down.framing.kind == HTTP_UNTIL_CLOSE) {
            finish(c);
            return;
        }
        break;
    case WAY_MALFORMED:
    case WAY_NO_SOURCE:
    case WAY_NO_SINK:
        break;
    }
    /* So that what was cut off does not look whole: where the end of the connection is the answer's end, too, only a
     * reset says so. */
    if (c->down.framing.kind == HTTP_UNTIL_CLOSE)
        stream_reset(&c->stream);
    client_close(c);
}

/* Whether it is the client's turn: to send the rest of its request, or to take what there is. */
static bool client_owes(const struct client *c)
{
    if (stream_pending(&c->stream) || c->down.ready)
        return true;
    return !c->up_broken && !c->up.framing.done && !c->up.ready && !stream_pending(&c->upstream->stream);
}

/* What stands in front of the answer (100, interim answers) is said without waiting for it. False: the client is gone.
 */
static bool say_so_far(struct client *c)
{
    if (c->answered || !stream_pending(&c->stream) || stream_write(&c->stream, NULL, 0) >= 0)
        return true;
    client_close(c);
    return false;
}

void relay_run(struct client *c)
{
    if (c->stream.failed) {
        client_close(c);
        return;
    }
    if (!c->upstream->connected) {
        if (c->upstream->stream.failed)
            gone(c);
        return;
    }
    if (!run_up(c))
        return;
    if (read_answer(c))
        run_down(c);
    if (c->state == CLIENT_RELAY && c->upstream->connected && say_so_far(c))
        client_pace(c, client_owes(c));
}

void relay_expired(struct client *c)
{
    struct target *target = c->upstream->target;

    if (c->answered) {
        stream_reset(&c->stream); /* who takes nothing gets nothing more, and cannot take it for the end */
        client_close(c);
        return;
    }
    if (!c->upstream->connected) {
        if (target->route)
            control_hint(&c->gateway->control, WIRE_UNREACHABLE, target->route);
        client_say_page(c, target->route ? ERR_GATEWAY_UNREACHABLE : ERR_GATEWAY_AWAY, NULL);
    } else {
        client_say_page(c, client_owes(c) ? ERR_GATEWAY_SLOW : ERR_GATEWAY_SILENT, NULL);
    }
    client_run(c);
}
