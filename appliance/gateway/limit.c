/* How much one client may have: connections at a time, requests a second. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/limit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "gateway/gateway.h"

#define SAID_AGAIN_MS 60000

void limits_start(struct limits *l)
{
    *l = (struct limits){0};
    list_init(&l->idle);
}

static int64_t bucket(const struct gateway *g)
{
    return g->settings[WIRE_SETTING_CLIENT_BURST] * 1000;
}

static void refill(const struct gateway *g, struct limit *one)
{
    one->tokens += (g->poll.now - one->at) * g->settings[WIRE_SETTING_CLIENT_RATE];
    one->at = g->poll.now;
    if (one->tokens > bucket(g))
        one->tokens = bucket(g);
}

static void leave_idle(struct limits *l, struct limit *one)
{
    if (list_empty(&one->node))
        return;
    list_remove(&one->node);
    l->n_idle--;
}

static void forget(struct limits *l, struct limit *one)
{
    leave_idle(l, one);
    HASH_DEL(l->by_key, one);
    free(one);
}

/* As the one that has been idle for the shortest time. */
static void remember(struct limits *l, struct limit *one)
{
    leave_idle(l, one);
    list_add(&l->idle, &one->node);
    if (++l->n_idle > LIMIT_IDLE_MAX)
        forget(l, container_of(l->idle.next, struct limit, node));
}

/* No connection of it is open: remembered only as long as it has to be. */
static void rest(struct gateway *g, struct limit *one)
{
    struct limits *l = &g->limits;

    refill(g, one);
    if (one->tokens == bucket(g))
        forget(l, one);
    else
        remember(l, one);
}

static struct limit *find(struct gateway *g, const uint8_t address[16])
{
    struct network of = network_of_client(address);
    struct limit *one;

    HASH_FIND(hh, g->limits.by_key, of.address, sizeof of.address, one);
    if (one)
        return one;
    one = mem_zero(1, sizeof *one);
    memcpy(one->key, of.address, sizeof one->key);
    one->tokens = bucket(g);
    one->at = g->poll.now;
    HASH_ADD(hh, g->limits.by_key, key, sizeof one->key, one);
    return one;
}

struct limit *limit_connect(struct gateway *g, const uint8_t address[16])
{
    int64_t most = g->settings[WIRE_SETTING_CLIENT_CONNECTIONS];
    struct limit *one = find(g, address);

    if (most && one->connections >= most)
        return NULL;
    leave_idle(&g->limits, one);
    one->connections++;
    return one;
}

void limit_leave(struct gateway *g, struct limit *one)
{
    if (!--one->connections)
        rest(g, one);
}

struct limit *limit_of(struct gateway *g, const uint8_t address[16])
{
    struct limit *one = find(g, address);

    /* Behind a proxy nobody counts its connections: it is idle as soon as this request has been counted. */
    if (!one->connections)
        remember(&g->limits, one);
    return one;
}

bool limit_request(struct gateway *g, struct limit *one)
{
    if (!g->settings[WIRE_SETTING_CLIENT_RATE])
        return true;
    refill(g, one);
    if (one->tokens < 1000)
        return false;
    one->tokens -= 1000;
    return true;
}

void limit_refuse(struct gateway *g, int fd)
{
    struct room *answer = room_new();
    struct limits *l = &g->limits;

    page_add_refusal(answer, ERR_GATEWAY_CROWD);
    if (send(fd, answer->bytes, answer->end, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
    room_free(&answer);
    if (l->said_at && g->poll.now - l->said_at < SAID_AGAIN_MS)
        return;
    l->said_at = g->poll.now;
    log_line(LOG_NOTICE, ERR_GATEWAY_CROWD, "a client has %lld connections; more of it are refused",
             (long long)g->settings[WIRE_SETTING_CLIENT_CONNECTIONS]);
}
