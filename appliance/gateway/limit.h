/* How much one client may have: connections at a time, requests a second. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_LIMIT_H
#define GATEWAY_LIMIT_H

#include <uthash.h>

#include "base/list.h"
#include "base/network.h"

struct gateway;

/*
 * A client is what network_of_client() says. Those with a connection are always in the table: the limit of all
 * connections bounds them. Of the others, LIMIT_IDLE_MAX are remembered while their bucket of requests is not full
 * again; past that the one that has been idle longest is forgotten, which gives it a full bucket.
 */
#define LIMIT_IDLE_MAX 16384

struct limit {
    uint8_t key[16];      /* the network's address */
    unsigned connections; /* that are open */
    int64_t tokens;       /* thousandths of requests that it may still send, as of `at` */
    int64_t at;           /* of poll.now */
    struct list node;     /* of limits.idle; no connection is open */
    UT_hash_handle hh;
};

struct limits {
    struct limit *by_key;
    struct list idle; /* longest first */
    size_t n_idle;
    int64_t said_at; /* when the journal last heard of a refusal; 0: never */
};

void limits_start(struct limits *l);

/* Counts one more connection of it; NULL: it has as many as it may. */
struct limit *limit_connect(struct gateway *g, const uint8_t address[16]);
/* One of them has ended. */
void limit_leave(struct gateway *g, struct limit *one);

/* The row of a client whose connections are a proxy's. Good until the next call. */
struct limit *limit_of(struct gateway *g, const uint8_t address[16]);

/* Takes one request from its bucket. False: it has to wait. */
bool limit_request(struct gateway *g, struct limit *one);

/* Answers a connection that is one too many, as cheaply as may be, and closes it. */
void limit_refuse(struct gateway *g, int fd);

#endif
