/* Connections to what we relay to: made, kept while idle, used again. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/upstream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "gateway/dispatch.h"
#include "gateway/gateway.h"

void pool_start(struct pool *p)
{
    *p = (struct pool){0};
    list_init(&p->idle);
}

void target_start(struct target *t, struct route *route)
{
    *t = (struct target){.route = route};
    list_init(&t->idle);
    list_init(&t->busy);
}

void target_to_path(struct target *t, const char *path)
{
    t->address.path = (struct sockaddr_un){.sun_family = AF_UNIX};
    str_copy(t->address.path.sun_path, sizeof t->address.path.sun_path, path);
    t->address_len = sizeof t->address.path;
}

void target_to_address(struct target *t, const uint8_t address[16], uint16_t port)
{
    if (network_is_v4(address)) {
        t->address.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&t->address.v4.sin_addr, address + 12, sizeof t->address.v4.sin_addr); /* behind ::ffff: */
        t->address_len = sizeof t->address.v4;
        return;
    }
    t->address.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&t->address.v6.sin6_addr, address, sizeof t->address.v6.sin6_addr);
    t->address_len = sizeof t->address.v6;
}

bool target_is_at(const struct target *t, const uint8_t address[16], uint16_t port)
{
    struct target other;

    target_to_address(&other, address, port);
    return t->address_len == other.address_len && memcmp(&t->address, &other.address, other.address_len) == 0;
}

/* What the kernel has of it is still passed on: a server's last answer may have come just before its end. A client that
 * has nothing of an answer then gets the page that stands here from now on; others are cut off. */
static void part_from(struct upstream *u)
{
    struct client *c = u->client;

    u->stream.can_read |= u->connected; /* what has come since the last event is looked for, too */
    client_run(c);
    if (c->upstream != u)
        return;
    if (c->state != CLIENT_RELAY || c->answered) {
        client_close(c);
        return;
    }
    client_say_route(c, u->target->route);
    client_run(c);
}

void target_close(struct target *t)
{
    while (!list_empty(&t->busy))
        part_from(container_of(t->busy.next, struct upstream, node));
    while (!list_empty(&t->idle))
        upstream_close(container_of(t->idle.next, struct upstream, node));
}

/* Whether a connect that was under way has come to its end; sets u->stream.failed where it went wrong. */
static bool look_at_connect(struct upstream *u, uint32_t events)
{
    int why = 0;
    socklen_t len = sizeof why;

    if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
        return false;
    if (getsockopt(u->stream.source.fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0 || why)
        u->stream.failed = true;
    else
        u->connected = true;
    return true;
}

static void upstream_ready(struct poll_source *source, uint32_t events)
{
    struct upstream *u = container_of(source, struct upstream, stream.source);

    if (!u->connected && !look_at_connect(u, events))
        return;
    stream_note(&u->stream, events);
    if (u->client)
        client_run(u->client);
    else if (events & ~(uint32_t)EPOLLOUT)
        upstream_close(u); /* it may say nothing while it is not asked */
}

static void upstream_expired(struct poll_timer *t)
{
    upstream_close(container_of(t, struct upstream, stream.timer));
}

static struct upstream *upstream_connect(struct target *t, struct gateway *g)
{
    cleanup_close int fd = socket(t->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct upstream *u;
    struct err e;
    int on = 1, result;

    if (fd < 0)
        return NULL;
    if (g->pool.count >= g->clients.most && !list_empty(&g->pool.idle))
        upstream_close(container_of(g->pool.idle.next, struct upstream, resting));
    if (t->route)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    result = connect(fd, &t->address.any, t->address_len);
    if (result < 0 && errno != EINPROGRESS)
        return NULL;
    u = mem_zero(1, sizeof *u);
    stream_start(&u->stream, steal_fd(&fd));
    u->stream.source.ready = upstream_ready;
    u->stream.timer.expired = upstream_expired;
    u->gateway = g;
    u->target = t;
    u->connected = result == 0;
    g->pool.count++;
    list_add(&t->busy, &u->node);
    if (poll_watch(&g->poll, &u->stream.source, true, &e) == 0)
        return u;
    upstream_close(u);
    return NULL;
}

/* The last one that was given back, since the others may come to their end; NULL: none is left. */
static struct upstream *take_idle(struct target *t, struct client *client)
{
    struct upstream *u;

    if (list_empty(&t->idle))
        return NULL;
    u = container_of(t->idle.before, struct upstream, node);
    t->n_idle--;
    poll_timer_stop(&u->stream.timer);
    list_remove(&u->resting);
    list_remove(&u->node);
    list_add(&t->busy, &u->node);
    u->client = client;
    return u;
}

struct upstream *upstream_take(struct target *t, struct client *client, bool fresh)
{
    struct upstream *u = fresh ? NULL : take_idle(t, client);

    /* What cannot be said again is not said to a server that has just closed. */
    while (u && !client->idempotent && !stream_is_silent(&u->stream)) {
        upstream_close(u);
        u = take_idle(t, client);
    }
    if (u)
        return u;
    u = upstream_connect(t, client->gateway);
    if (u)
        u->client = client;
    return u;
}

void upstream_keep(struct upstream *u)
{
    struct target *t = u->target;

    /* What it has said behind its answer would be taken for the next one. */
    bool said_more = u->stream.in || u->stream.can_read;

    if (t->n_idle >= TARGET_IDLE_MAX || said_more || u->stream.hung_up || u->stream.failed) {
        upstream_close(u);
        return;
    }
    stream_drop_out(&u->stream);
    u->client = NULL;
    u->reused = true;
    list_remove(&u->node);
    list_add(&t->idle, &u->node);
    list_add(&u->gateway->pool.idle, &u->resting);
    t->n_idle++;
    poll_timer_set(&u->gateway->poll, &u->stream.timer, TARGET_IDLE_MS);
}

void upstream_close(struct upstream *u)
{
    if (!u->client && u->reused)
        u->target->n_idle--;
    list_remove(&u->node);
    list_remove(&u->resting);
    stream_close(&u->stream);
    u->gateway->pool.count--;
    u->client = NULL;
    poll_bury(&u->gateway->poll, &u->grave, u);
}
