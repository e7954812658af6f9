/* Who sent a request: the peer, or whom a trusted proxy names. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_WHO_H
#define GATEWAY_WHO_H

#include <netinet/in.h>

#include "http/head.h"
#include "wire/wire.h"

struct client;

struct who {
    uint8_t address[16]; /* network order, IPv4 mapped */
    bool known;          /* false: who comes over a unix socket, and nobody named another */
    bool proxied;        /* its proxy is trusted */
    bool proxy;          /* `address` is a trusted proxy's own: nobody else is named */
    bool https;          /* it spoke TLS with its proxy */
    struct slice host;   /* what it asked its proxy for; empty: not said. In the head */
};

/* Whether what the peer says about others is believed; an address of zeros is a peer on a unix socket. */
bool who_is_trusted(const struct wire_proxies *p, const struct in6_addr *peer);

/*
 * Reads X-Forwarded-For from its right end: the last one was written by our peer, the one before by the proxy in front
 * of that, and so on as long as these are trusted; the first that is not is who sent the request. What stands further
 * left anybody may have written. X-Real-IP is taken where there is no X-Forwarded-For. `c` is not a door's.
 */
void who_read(struct who *out, const struct client *c, const struct http_head *h);

#endif
