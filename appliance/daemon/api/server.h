/* libmicrohttpd on the loop: one server for each listening socket. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_SERVER_H
#define API_SERVER_H

#include <microhttpd.h>

#include "base/err.h"
#include "base/list.h"
#include "base/str.h"

/*
 * Bounds, and what happens there: a head of more than about 30 KiB gets 431; the connection over the limit waits in the
 * kernel's queue until another one ends; one that neither sends nor takes a byte for two minutes is closed, unless it
 * is paused. Bodies of requests are not read: nothing here takes one.
 */
#define SERVER_POOL_BYTES (64 * 1024) /* a connection's memory: head and answer; touched as far as it is used */
#define SERVER_IDLE_S 120

struct server;
struct loop;
struct route;

/* One request; it and what it points to live until its answer has been sent. */
struct request {
    struct server *server;
    struct MHD_Connection *connection;
    const struct route *route;
    const char *method;
    char *target;             /* as it came: raw, with its query */
    struct slice path, query; /* of target: without '?' */
    struct slice first, rest; /* what stands for the route's "*" and "**" */
};

struct server_spec {
    struct loop *loop;
    int listen_fd;        /* of a unix socket, non-blocking; stays the caller's */
    unsigned connections; /* at a time */
    enum MHD_Result (*serve)(void *arg, struct request *r);
    void *arg;
};

/* Errors: ERR_API_SERVER. */
int server_new(struct server **out, const struct server_spec *spec, struct err *e) ERR_CHECKED;
/* Ends every connection, paused ones included. */
void server_free(struct server **s);
/* Whether server_free() is at work: content readers end then. */
bool server_closing(const struct server *s);

/* The value of a header field; NULL: not there. Borrowed. */
const char *request_field(const struct request *r, const char *name);

/* A connection that has nothing to send now. Its owner is the content reader's; zero is "not paused". */
struct server_pause {
    struct list node;
    struct MHD_Connection *connection;
    bool paused;
};

/* From a content reader only, which then returns 0: libmicrohttpd asks again without end where that is left out. */
void server_pause(struct server *s, struct server_pause *p);
/* Its content reader is called again, from the loop. Does nothing to one that is not paused. */
void server_resume(struct server *s, struct server_pause *p);

#endif
