/* The daemon's side of control.sock: tells gateways where sessions are, takes their hints. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_ROUTES_H
#define SESSION_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/wire.h"

struct routes;
struct session;
struct sessions;

/* What every gateway is told after its hello. */
struct session_gateway {
    int64_t settings[WIRE_SETTINGS];    /* by enum wire_setting */
    char portal_url[WIRE_TEXT_MAX + 1]; /* with a '/' at its end; "": none */
    struct wire_proxies proxies;
};

/*
 * A gateway says HELLO and is told the settings at once; routes and SYNCED follow when the engine has said what runs
 * (routes_known), because what is not in the table the gateway forgets. Later each change is told as it is made, as a
 * whole route computed from the session. What does not go through the socket waits, at most ROUTES_WAITING_MAX bytes
 * (some 8,000 routes); past that the connection is closed: the gateway comes back and gets the whole table. A gateway
 * that says what it may not say is closed, too, with a line in the journal.
 */
#define ROUTES_GATEWAYS_MAX 8            /* at a time; during an upgrade there are two */
#define ROUTES_WAITING_MAX (1024 * 1024) /* bytes for each gateway */

int routes_new(struct routes **out, struct sessions *all, struct err *e) ERR_CHECKED;
void routes_free(struct routes **routes);

/* The engine has said what runs. */
void routes_known(struct routes *routes);
/* For how long each gateway that is there has told what is in use; -1: there is none. */
int64_t routes_told_ms(const struct routes *routes);
/* The session's server is at that address from now on. */
void routes_open(struct session *s, const uint8_t address[16]);
/* Tells what the session's route is now. */
void routes_tell(struct session *s);
/* The session is about to be freed. */
void routes_forget(struct session *s);

#endif
