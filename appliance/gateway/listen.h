/* The sockets at which clients arrive. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_LISTEN_H
#define GATEWAY_LISTEN_H

#include "gateway/poll.h"

struct gateway;

enum listener_kind {
    LISTEN_PORTAL,   /* everything goes to the daemon */
    LISTEN_SESSIONS, /* /user/<name>/... */
    LISTEN_DOOR,     /* the same, for the daemon's own question whether a server answers */
    LISTENERS
};

struct listener {
    struct poll_source source;
    struct gateway *gateway;
    enum listener_kind kind;
};

struct listeners {
    struct listener of[LISTENERS];
    bool paused;     /* there is no room for more clients: they wait in the kernel's queue */
    int64_t said_at; /* when the journal heard of it */
};

/* Takes over the descriptors named portal, sessions and door; at least one of the first two has to be there. */
int listeners_start(struct listeners *l, struct gateway *g, struct err *e) ERR_CHECKED;
/* There may be room again. */
void listeners_resume(struct listeners *l);

#endif
