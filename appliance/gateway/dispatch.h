/* Where a request goes: by its listener, its path and the state of its route. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_DISPATCH_H
#define GATEWAY_DISPATCH_H

#include "gateway/conn.h"

struct route;

/* The request whose head of `head_len` bytes is g->head and lies at the front of what `c` has read. */
void dispatch_request(struct client *c, size_t head_len);

/* Answers with the page of a route that leads nowhere, or no longer. */
void client_say_route(struct client *c, const struct route *route);

#endif
