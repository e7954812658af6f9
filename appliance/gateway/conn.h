/* One client's connection: its requests, one after another. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include <netinet/in.h>

#include "gateway/listen.h"
#include "gateway/page.h"
#include "gateway/way.h"

struct gateway;
struct upstream;

enum client_state {
    CLIENT_HEAD,    /* between requests, or in the middle of a head */
    CLIENT_WAITING, /* the daemon is away */
    CLIENT_PARKED,  /* its server is being woken (park.h) */
    CLIENT_RELAY,   /* a request goes up and its answer comes down (relay.h) */
    CLIENT_SAYING,  /* an answer of our own is being written */
    CLIENT_TUNNEL,  /* after 101 (tunnel.h) */
    CLIENT_LINGER,  /* all is said; what still comes is read and dropped, so that the answer is not reset away */
    CLIENT_CLOSED,
};

/* Lives as long as the connection; what belongs to one request is cleared by the next. */
struct client {
    struct stream stream;
    struct gateway *gateway;
    struct list node; /* of clients.idle, clients.heads, clients.waiting or a route's parked */
    struct poll_again again;
    struct poll_grave grave;
    struct in6_addr address; /* of the peer, IPv4 mapped; all zero on a unix socket */
    struct limit *limit;     /* of that address; NULL: it is a proxy, or on this machine */
    enum listener_kind kind;
    enum client_state state;
    struct upstream *upstream; /* RELAY and TUNNEL */
    struct room *request;      /* WAITING and PARKED: the head as the server is to read it */
    struct route *parked_at;   /* PARKED */
    struct way up, down;
    struct http_wsframe frames; /* TUNNEL: what the client says */
    int64_t begun_at;           /* HEAD: when the first byte of a head came */
    int64_t wait_until;         /* of the portal's requests: how long the daemon may be away */
    uint32_t lingered;          /* bytes that were dropped */
    /* This request: */
    uint64_t paid;   /* bytes that had moved when what it owes was last looked at */
    bool owes;       /* bytes, since then */
    bool begun;      /* its first byte has come */
    bool to_head;    /* HEAD */
    bool old;        /* HTTP/1.0 */
    bool json;       /* a page of ours is better JSON */
    bool last;       /* the connection ends with its answer */
    bool websocket;  /* it asks for a tunnel */
    bool expects;    /* it waits to be told to go on */
    bool input;      /* a person is behind it */
    bool idempotent; /* may be sent again on another connection, as long as nothing of an answer has come */
    bool up_broken;  /* the server takes no more of it */
    bool answered;   /* the answer's head has been read */
    bool keep;       /* and allows another request on its connection */
    uint8_t interim; /* 1xx answers so far */
};

struct clients {
    size_t count, most;  /* the public's; most: what the limit of open files allows */
    struct list idle;    /* between requests, longest first */
    struct list heads;   /* in the middle of a head that did not come at once, longest first */
    struct list waiting; /* for the daemon, longest first */
};

void clients_start(struct clients *c);
/* Whether one more may come, if need be for one that is idle or slow to say what it wants. */
bool clients_have_room(const struct gateway *g);

/* A connection that was accepted, while clients_have_room(): the longest idle one goes where there is no other room.
 * One of a client that has as many as it may is refused. The door's need no room: without them a gateway
 * that strangers have filled would fail launches that were let in before. */
void client_start(struct gateway *g, int fd, enum listener_kind kind, const struct in6_addr *address);
/* Something has happened to it or to its upstream: goes on as far as it gets. */
void client_run(struct client *c);
/* At once, with its upstream. */
void client_close(struct client *c);

/* Answers with a page of ours instead of anything else, closing its upstream. Of `page` what the page is about. */
void client_say(struct client *c, struct page *page);
/* The same; `text`: NULL for the code's sentence. */
void client_say_page(struct client *c, enum err_code code, const char *text);
/* The answer to /hub/api/health. */
void client_say_health(struct client *c);
/* Has it wait until the daemon can be reached, or answers that it is away when the wait is over. */
void client_wait(struct client *c);
/* It is the client's turn (`owes`) to send or to take bytes, or its server's: sets the time that is left for that. A
 * client that owes has to move WIRE_SETTING_PACE_MIN bytes a second, counted over each WIRE_SETTING_STALL_MS. */
void client_pace(struct client *c, bool owes);
/* The answer has been written: the next request, or the end. */
void client_next(struct client *c);

/* Tries again for those who wait for the daemon; called at every tick. */
void clients_tick(struct gateway *g);

#endif
