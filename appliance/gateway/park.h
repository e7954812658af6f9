/* Requests that wait for a frozen server to be woken (decisions 5). */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_PARK_H
#define GATEWAY_PARK_H

#include <stddef.h>

#include "base/list.h"

struct client;
struct gateway;
struct route;

/*
 * A person's request to a held route is parked: the daemon is asked once to wake the server, the head is kept as the
 * server is to read it, and nothing more is read from the client, so a body waits in the kernel. It goes on, in the
 * order of arrival, when the route opens; it gets the route's page when that closes, 503 after WIRE_SETTING_WAKE_MS
 * and, at once, when there are too many.
 */
#define PARK_ROUTE_MAX 64 /* requests for each route */
#define PARK_MAX 4096     /* and in all */

struct park {
    size_t count;
    struct list unsaid; /* routes whose WAKE the daemon's queue did not take: said at the next tick */
};

/* Part of a route. */
struct parked {
    struct list clients; /* first come, first served */
    size_t count;
    struct list unsaid; /* member of park.unsaid */
};

void park_start(struct park *p);
void parked_start(struct parked *p);

/* Parks the request whose head is g->head, or says that there is no room. */
void park_client(struct client *c, struct route *route);
/* The client is leaving, whatever for. */
void park_leave(struct client *c);

/* Asks the daemon, once until the route is set again, to wake what is behind a held route. */
void park_wake(struct gateway *g, struct route *route);

/* The route has been set: those that wait go on, get its page, or have it woken by a daemon that may not know. */
void park_route_set(struct gateway *g, struct route *route);

/* Says what could not be said; called at every tick. */
void park_tick(struct gateway *g);

#endif
