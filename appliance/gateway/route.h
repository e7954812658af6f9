/* Which name leads where, and when somebody was last there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include <uthash.h>

#include "gateway/park.h"
#include "gateway/upstream.h"
#include "wire/wire.h"

#define ROUTES_MAX 65536 /* the daemon's further ones are not taken, which is a line in the journal */
#define ROUTE_BASE_MAX (sizeof "/user//" + WIRE_NAME_MAX)

struct route {
    char name[WIRE_NAME_MAX + 1];
    char base[ROUTE_BASE_MAX]; /* "/user/<name>/" */
    enum wire_route state;     /* FORGOTTEN: about to be freed */
    enum err_code code;        /* CLOSED: whose sentence the page has */
    int64_t ended_s;           /* CLOSED: UTC in seconds; 0: not known */
    char *again;               /* CLOSED: path at the portal that launches it again; NULL: none. Owned */
    char *why;                 /* CLOSED: instead of the code's sentence; NULL: none. Owned */
    struct target target;      /* OPEN: where to */
    uint32_t generation;       /* of the daemon's connection that said it last */
    int64_t input_at, any_at;  /* of poll.now; 0: never since the route was set */
    int64_t unreachable_at;    /* when that was last said */
    bool woken;                /* HELD: WAKE has been said */
    struct parked parked;      /* HELD: who waits for that */
    struct list active;        /* member of routes.active while there is something to report */
    UT_hash_handle hh;
};

struct routes {
    struct route *by_name;
    struct list active;
    uint32_t generation;
    bool full; /* the journal has heard of it */
};

void routes_start(struct routes *r);

/* NULL: there is none. */
struct route *route_find(const struct routes *r, struct slice name);

/* Sets what a ROUTE says. Connections to an address that no longer holds are closed, with their clients'. */
void route_set(struct gateway *g, const struct wire_message *m);

/* The daemon begins to say all routes; when it has, those that it has not repeated are forgotten. */
void routes_begin(struct routes *r);
void routes_synced(struct gateway *g);

/* Something was relayed; `input`: by a person (decisions 5), who wakes what is frozen. */
void route_note(struct gateway *g, struct route *route, bool input);

#endif
