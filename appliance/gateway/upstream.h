/* Connections to what we relay to: made, kept while idle, used again. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include <netinet/in.h>
#include <sys/un.h>

#include "gateway/stream.h"

struct client;
struct gateway;
struct route;

#define TARGET_IDLE_MAX 64   /* connections kept for each target; more are closed after their answer */
#define TARGET_IDLE_MS 60000 /* and for how long */

/* An address that requests go to, with its connections. */
struct target {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    } address;
    socklen_t address_len;
    struct route *route; /* NULL: the portal */
    struct list idle, busy;
    unsigned n_idle;
};

/* All connections to servers; no more than there may be clients, so that idle ones never keep a busy one out. */
struct pool {
    size_t count;
    struct list idle; /* longest first */
};

struct upstream {
    struct stream stream;
    struct gateway *gateway;
    struct target *target;
    struct client *client; /* NULL while idle */
    struct list node;      /* of target->idle or ->busy */
    struct list resting;   /* of pool.idle */
    struct poll_grave grave;
    bool connected;
    bool reused; /* has served a request before: the other end may just be closing it */
};

void pool_start(struct pool *p);

void target_start(struct target *t, struct route *route);
void target_to_path(struct target *t, const char *path);
/* `address`: network order, IPv4 mapped into IPv6. */
void target_to_address(struct target *t, const uint8_t address[16], uint16_t port);
bool target_is_at(const struct target *t, const uint8_t address[16], uint16_t port);
/* Closes all connections; clients without an answer get a page, those in the middle of one are cut off. The route must
 * not lead here any more. */
void target_close(struct target *t);

/*
 * A connection for `client`: an idle one unless `fresh`, else a new one, which may not be `connected` yet: the client
 * is run when it is, or when it failed. NULL: it failed at once.
 */
struct upstream *upstream_take(struct target *t, struct client *client, bool fresh);
/* The answer has been read to its end and another request may follow. */
void upstream_keep(struct upstream *u);
void upstream_close(struct upstream *u);

#endif
