/* A daemon's room session on a fake engine, with a server in its containers and virtual time: for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_SESSION_DAEMON_H
#define TESTS_FAKE_SESSION_DAEMON_H

#include "engine/ledger.h"
#include "fake/engine.h"
#include "fake/outbound.h"
#include "loop/loop.h"
#include "session/room.h"
#include "session/session.h"
#include "store/rows.h"
#include "wire/wire.h"

#define IDLE_MS 600000
#define AGE_MS 21600000
#define SWEEP_MS 10000
#define GRACE_MS 60000
#define ANSWER_LIMIT_MS 60000
#define ACTIVITY_MS 5000 /* between two reports of a gateway */

/* A daemon: everything that a process would have. */
extern struct loop *loop;
extern struct store *store;
extern struct sessions *all;
extern struct ledger ledger;
extern int64_t machine_bytes; /* of memory, from the next start of the daemon on; 0: not known, so no limit */
extern int idle_ms;           /* from the next start on; IDLE_MS */
extern int listener;          /* of control.sock */
extern char control[64];      /* its path */
extern char journal[8192];
extern const struct id image_id;

/* The server in the container, and the gateway's door. */
struct fake_server {
    int quiet_ms;   /* it answers from then on */
    int status;     /* 0: 200, as Jupyter does */
    int door_pages; /* so many questions at the door get the gateway's own page */
    const char *kernels;
    char url[256], door_url[256], door[64], header[128];
    int at_container, at_door, for_kernels;
};
extern struct fake_server server;

/* Makes the test's own folder; false when that fails. */
bool session_daemon_begin(void);
/* Removes it. */
void session_daemon_end(void);

void daemon_starts(void);
void daemon_ends(void);
/* Another daemon on the same state and the same engine; as after kill -9, nobody was told to go. */
void daemon_restarts(void);
void run_for(int64_t ms);

/* A gateway: its connection, the first thing that it says, and all else. */
int gateway_connects(void);
extern const struct wire_message hello;
void gateway_says(int fd, const struct wire_message *m);

/* A launch that waits. */
struct waiter {
    struct op *op;
    struct session_door door;
    int calls;
    struct err e;
};
void waiter_done(void *arg, const struct err *e);

/* What a launch asks for. */
extern const struct session_spec wish;

/* Asks for session number `n`. */
void starts(struct waiter *w, uint8_t n);
/* A session that runs, for tests of what comes after. */
struct session *running(struct waiter *w, uint8_t n);
struct store_session row_of(uint8_t n);

#endif
