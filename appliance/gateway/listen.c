/* The sockets at which clients arrive. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "gateway/gateway.h"

#define ACCEPTS_A_TURN 32
#define PAUSE_MS 1000 /* a full gateway looks again at the latest after this */
#define SAID_AGAIN_MS 60000

/* Those of the public; the door, too, where not even the daemon's question can be taken. */
static void pause_listeners(struct listeners *l, bool door)
{
    struct gateway *g = l->of[0].gateway;

    if (door)
        poll_pause(&g->poll, &l->of[LISTEN_DOOR].source, true);
    if (l->paused)
        return;
    l->paused = true;
    poll_pause(&g->poll, &l->of[LISTEN_PORTAL].source, true);
    poll_pause(&g->poll, &l->of[LISTEN_SESSIONS].source, true);
    poll_tick_in(&g->poll, PAUSE_MS);
    if (l->said_at && g->poll.now - l->said_at < SAID_AGAIN_MS)
        return;
    l->said_at = g->poll.now;
    log_line(LOG_WARNING, ERR_GATEWAY_FULL, "%zu clients: the next ones wait", g->clients.count);
}

void listeners_resume(struct listeners *l)
{
    if (!l->paused)
        return;
    l->paused = false;
    for (int i = 0; i < LISTENERS; i++)
        poll_pause(&l->of[i].gateway->poll, &l->of[i].source, false);
}

static struct in6_addr peer_address(const struct sockaddr_storage *peer)
{
    struct in6_addr address = {0};

    if (peer->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)peer)->sin6_addr;
    if (peer->ss_family == AF_INET) {
        address.s6_addr[10] = address.s6_addr[11] = 0xff;
        memcpy(address.s6_addr + 12, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    }
    return address;
}

/* accept(2): what went wrong with one connection before it was taken is told here, and the next one may be sound. */
static bool is_of_one_connection(int why)
{
    static const int whys[] = {EAGAIN,     EINTR,       ECONNABORTED, EPERM,  EPROTO,   ENOPROTOOPT,
                               EOPNOTSUPP, ENETUNREACH, EHOSTUNREACH, ENONET, ENETDOWN, EHOSTDOWN};

    for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++)
        if (whys[i] == why)
            return true;
    return false;
}

static void listener_ready(struct poll_source *source, uint32_t events)
{
    struct listener *l = container_of(source, struct listener, source);
    struct gateway *g = l->gateway;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof peer;
        struct in6_addr address;
        int fd;

        if (l->kind != LISTEN_DOOR && !clients_have_room(g)) {
            pause_listeners(&g->listeners, false);
            return;
        }
        fd = accept4(source->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (!is_of_one_connection(errno))
                pause_listeners(&g->listeners, true); /* the system has no descriptors or no memory left */
            return;
        }
        address = peer_address(&peer);
        client_start(g, fd, l->kind, &address);
    }
}

int listeners_start(struct listeners *l, struct gateway *g, struct err *e)
{
    static const char *const names[LISTENERS] = {"portal", "sessions", "door"};
    int on = 1;

    for (int i = 0; i < LISTENERS; i++) {
        struct listener *one = &l->of[i];

        *one = (struct listener){{fd_inherited(names[i]), listener_ready}, g, (enum listener_kind)i};
        if (one->source.fd < 0)
            continue;
        /* Inherited by what is accepted; means nothing on a unix socket. */
        setsockopt(one->source.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (poll_watch(&g->poll, &one->source, false, e) < 0)
            return -1;
    }
    if (l->of[LISTEN_PORTAL].source.fd < 0 && l->of[LISTEN_SESSIONS].source.fd < 0)
        return err_set(e, ERR_SYSTEM, "no listening socket was handed over (LISTEN_FDNAMES=portal:sessions:door)");
    return 0;
}
