/* The daemon's side of control.sock: tells gateways where sessions are, takes their hints. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/routes.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "session/room.h"

#define COMPLAIN_MS 1000 /* between two lines in the journal about gateways, whatever they do */
#define READ_TURN 64     /* packets of one gateway in one turn of the loop */
#define ACCEPT_AGAIN_MS 1000

struct gateway {
    struct list node;
    struct routes *routes;
    int fd;
    struct loop_fd *watched;
    uint32_t version;   /* what is spoken with it; 0: it has not greeted */
    int64_t greeted;    /* time of the loop */
    struct buf waiting; /* packets, each behind its length in two bytes of this machine's order */
    bool broken;
};

struct routes {
    struct sessions *all;
    struct loop_fd *listener;
    struct loop_timer *pause; /* the listener is looked at again behind it; NULL: it is looked at */
    struct list gateways;
    size_t count;
    bool known;
    int64_t said_at; /* when the journal last heard of a gateway; 0: never */
};

/* Whether the journal may hear of a gateway again: one that was taken over must not fill the disk. */
static bool may_say(struct routes *routes)
{
    int64_t now = loop_now(routes->all->parts.loop);

    if (routes->said_at && now - routes->said_at < COMPLAIN_MS)
        return false;
    routes->said_at = now;
    return true;
}

static void gateway_close(struct gateway *g)
{
    loop_fd_remove(&g->watched);
    close(g->fd);
    list_remove(&g->node);
    g->routes->count--;
    buf_free(&g->waiting);
    free(g);
}

/* It is closed when the loop turns (gateway_ready), not here: the caller may be walking through the gateways. */
static void break_off(struct gateway *g)
{
    g->broken = true;
    shutdown(g->fd, SHUT_RDWR);
}

/* False when the socket takes no more for now, or is broken. */
static bool send_packet(struct gateway *g, const void *packet, size_t len)
{
    if (send(g->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != EAGAIN && errno != EINTR)
        break_off(g);
    return false;
}

static void send_waiting(struct gateway *g)
{
    uint16_t len;
    size_t at = 0;

    while (at < g->waiting.len) {
        memcpy(&len, g->waiting.bytes + at, sizeof len);
        if (!send_packet(g, g->waiting.bytes + at + sizeof len, len))
            break;
        at += sizeof len + len;
    }
    buf_drop(&g->waiting, at);
}

static void tell(struct gateway *g, const struct wire_message *m)
{
    uint8_t packet[sizeof(uint16_t) + WIRE_PACKET_MAX];
    uint16_t len = (uint16_t)wire_encode(packet + sizeof len, m, g->version);

    if (g->broken || !len || (!g->waiting.len && send_packet(g, packet + sizeof len, len)))
        return;
    memcpy(packet, &len, sizeof len);
    if (!buf_add(&g->waiting, packet, sizeof len + len)) {
        log_line(LOG_WARNING, ERR_SESSION_GATEWAY, "a gateway does not read what it is told; its connection is closed");
        break_off(g);
    }
    loop_fd_want(g->watched, LOOP_READ | LOOP_WRITE);
}

/* When and why it ended, and the link that launches it again: all is there for people, so a row that cannot be read, or
 * an address too long for a packet, only makes the page shorter. */
static void add_ending(struct wire_message *m, const struct session *s)
{
    struct store_session row;
    struct err e;

    if (session_row(s, &row, &e) < 0)
        return;
    m->ended_s = row.ended / 1000;
    if (err_info(s->code)->for_visitor && !str_copy(m->why, sizeof m->why, row.text))
        m->why[0] = '\0'; /* the code's sentence is better than half of another */
    if (wire_text_is_plain(row.request) && !str_copy(m->bytes, sizeof m->bytes, row.request))
        m->bytes[0] = '\0';
}

/* False as long as there is nothing to tell: a server that does not answer yet has no route. */
static bool route_of(struct wire_message *m, const struct session *s)
{
    *m = (struct wire_message){.kind = WIRE_ROUTE};
    memcpy(m->name, s->name, sizeof m->name);
    if (s->state == SESSION_GONE) {
        m->route = WIRE_ROUTE_CLOSED;
        m->code = s->code;
        add_ending(m, s);
        return true;
    }
    m->route = WIRE_ROUTE_OPEN;
    memcpy(m->address, s->address, sizeof m->address);
    m->port = SESSION_PORT;
    return s->open;
}

static void tell_all(struct routes *routes, const struct wire_message *m)
{
    list_for_each (node, &routes->gateways) {
        struct gateway *g = container_of(node, struct gateway, node);

        if (g->version)
            tell(g, m);
    }
}

void routes_tell(struct session *s)
{
    struct wire_message m;

    if (route_of(&m, s))
        tell_all(s->all->routes, &m);
}

void routes_open(struct session *s, const uint8_t address[16])
{
    if (s->open && memcmp(s->address, address, sizeof s->address) == 0)
        return;
    memcpy(s->address, address, sizeof s->address);
    s->open = true;
    routes_tell(s);
}

void routes_forget(struct session *s)
{
    struct wire_message m = {.kind = WIRE_ROUTE, .route = WIRE_ROUTE_FORGOTTEN};

    memcpy(m.name, s->name, sizeof m.name);
    tell_all(s->all->routes, &m);
}

static void tell_table(struct gateway *g)
{
    struct session *s, *next;
    struct wire_message m;

    HASH_ITER (by_id, g->routes->all->by_id, s, next)
        if (route_of(&m, s))
            tell(g, &m);
    tell(g, &(struct wire_message){.kind = WIRE_SYNCED});
}

void routes_known(struct routes *routes)
{
    if (routes->known)
        return;
    routes->known = true;
    list_for_each (node, &routes->gateways) {
        struct gateway *g = container_of(node, struct gateway, node);

        if (g->version)
            tell_table(g);
    }
}

int64_t routes_told_ms(const struct routes *routes)
{
    int64_t now = loop_now(routes->all->parts.loop), told = -1;

    list_for_each (node, &routes->gateways) {
        const struct gateway *g = container_of(node, struct gateway, node);

        if (g->version && !g->broken && (told < 0 || now - g->greeted < told))
            told = now - g->greeted;
    }
    return told;
}

static void greet(struct gateway *g, uint32_t version)
{
    const struct session_gateway *told = g->routes->all->settings.gateway;
    struct wire_message url = {.kind = WIRE_TEXT, .text = WIRE_TEXT_PORTAL_URL};

    g->version = version;
    g->greeted = loop_now(g->routes->all->parts.loop);
    tell(g, &(struct wire_message){.kind = WIRE_HELLO, .version = WIRE_VERSION});
    for (uint16_t i = 1; i < WIRE_SETTINGS; i++)
        tell(g, &(struct wire_message){.kind = WIRE_SETTING, .setting = i, .value = told->settings[i]});
    str_copy(url.bytes, sizeof url.bytes, told->portal_url);
    tell(g, &url);
    tell(g, &(struct wire_message){.kind = WIRE_PROXIES, .proxies = told->proxies});
    if (g->routes->known)
        tell_table(g);
}

/* The times of a report are ages. Two gateways may know one session: the younger input counts. */
static void take_activity(struct session *s, const struct wire_message *m)
{
    int64_t at;

    if (s->state != SESSION_RUNNING || m->input_ms == UINT32_MAX)
        return;
    at = loop_now(s->all->parts.loop) - (int64_t)m->input_ms;
    if (!s->heard || at > s->still_since)
        s->still_since = at;
    s->heard = true;
}

/* Hints about a session that is not there, or not where the gateway thinks, mean nothing: they are late. */
static void take_hint(struct gateway *g, const struct wire_message *m)
{
    struct session *s = session_find(g->routes->all, m->name);

    if (!s)
        return;
    if (m->kind == WIRE_ACTIVITY)
        take_activity(s, m);
    else if (m->kind == WIRE_WAKE)
        session_cause(s, SESSION_INPUT, NULL);
    else if (m->kind == WIRE_UNREACHABLE && s->open && s->state == SESSION_RUNNING)
        sweep_hinted(s->all->sweeper);
}

static int take_message(struct gateway *g, const uint8_t *packet, size_t len, struct err *e)
{
    struct wire_message m;
    uint32_t version;

    if (wire_decode(&m, packet, len, g->version ? g->version : WIRE_VERSION, e) < 0)
        return -1;
    if (!wire_permitted(m.kind, g->version))
        return err_set(e, ERR_WIRE_MALFORMED, "it may not say message %d %s its hello", (int)m.kind,
                       g->version ? "after" : "before");
    if (m.kind != WIRE_HELLO) {
        take_hint(g, &m);
        return 0;
    }
    version = wire_version(m.version);
    if (!version)
        return err_set(e, ERR_WIRE_MALFORMED, "it speaks version %u, we speak %d", m.version, WIRE_VERSION);
    greet(g, version);
    return 0;
}

/* False when the connection is to be closed. */
static bool read_packets(struct gateway *g)
{
    uint8_t packet[WIRE_PACKET_MAX];
    struct err e;

    for (int i = 0; i < READ_TURN; i++) {
        ssize_t len = recv(g->fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);

        if (len < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (len <= 0) {
            if (may_say(g->routes))
                log_line(LOG_INFO, ERR_NONE, "a gateway has left control.sock");
            return false;
        }
        if ((size_t)len > sizeof packet)
            err_set(&e, ERR_WIRE_MALFORMED, "a packet of %zd bytes", len);
        if ((size_t)len > sizeof packet || take_message(g, packet, (size_t)len, &e) < 0) {
            if (may_say(g->routes))
                log_err(LOG_WARNING, &e, "a gateway's connection is closed");
            return false;
        }
    }
    return true;
}

static void gateway_ready(void *arg, unsigned events)
{
    struct gateway *g = arg;

    if (events & LOOP_WRITE)
        send_waiting(g);
    if (!g->broken && (events & (LOOP_READ | LOOP_HANGUP)) && !read_packets(g))
        g->broken = true;
    if (g->broken)
        gateway_close(g);
    else
        loop_fd_want(g->watched, LOOP_READ | (g->waiting.len ? LOOP_WRITE : 0));
}

static void listen_again(void *arg)
{
    struct routes *routes = arg;

    routes->pause = NULL;
    loop_fd_want(routes->listener, LOOP_READ);
}

/* Who waits stays in the kernel's queue: without descriptors each turn of the loop would ask in vain. */
static void pause_listener(struct routes *routes)
{
    if (may_say(routes))
        log_line(LOG_WARNING, ERR_SESSION_GATEWAY, "a gateway cannot be let in yet: %s", strerror(errno));
    loop_fd_want(routes->listener, 0);
    routes->pause = loop_timer_new(routes->all->parts.loop, ACCEPT_AGAIN_MS, listen_again, routes);
}

static void accept_gateway(void *arg, unsigned events)
{
    struct routes *routes = arg;
    struct gateway *g;
    int fd = accept4(routes->all->settings.control_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            pause_listener(routes);
        return;
    }
    if (routes->count == ROUTES_GATEWAYS_MAX) {
        if (may_say(routes))
            log_line(LOG_WARNING, ERR_SESSION_GATEWAY, "there are %d gateways already; one more is turned away",
                     ROUTES_GATEWAYS_MAX);
        close(fd);
        return;
    }
    g = mem_zero(1, sizeof *g);
    g->routes = routes;
    g->fd = fd;
    g->waiting = BUF_OF(ROUTES_WAITING_MAX);
    g->watched = loop_fd_new(routes->all->parts.loop, fd, LOOP_READ, gateway_ready, g);
    list_add(&routes->gateways, &g->node);
    routes->count++;
}

int routes_new(struct routes **out, struct sessions *all, struct err *e)
{
    struct routes *routes = mem_zero(1, sizeof *routes);

    routes->all = all;
    list_init(&routes->gateways);
    if (fd_set_nonblocking(all->settings.control_fd, e) < 0) {
        free(routes);
        return -1;
    }
    routes->listener = loop_fd_new(all->parts.loop, all->settings.control_fd, LOOP_READ, accept_gateway, routes);
    *out = routes;
    return 0;
}

void routes_free(struct routes **at)
{
    struct routes *routes = *at;

    if (!routes)
        return;
    loop_fd_remove(&routes->listener);
    loop_timer_cancel(&routes->pause);
    list_for_each_safe (node, &routes->gateways)
        gateway_close(container_of(node, struct gateway, node));
    free(routes);
    *at = NULL;
}
