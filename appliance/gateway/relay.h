/* One request to a server and its answer back. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_RELAY_H
#define GATEWAY_RELAY_H

#include "gateway/conn.h"
#include "gateway/upstream.h"

/* Sends the request whose head is g->head to `target`; the head lies at the front of what `c` has read. */
void relay_begin(struct client *c, struct target *target, size_t head_len);

/* The two halves of that. First the head as the server is to read it; false: a page says why not. */
bool relay_compose(struct client *c, const struct target *target);
/* Then it goes to `target`; `read`: bytes of it that still lie in front of what `c` has read. */
void relay_start(struct client *c, struct target *target, size_t read);

/* The head that was composed goes to `target` on a connection; false when it cannot be reached just now. */
bool relay_connect(struct client *c, struct target *target, bool fresh);

/* Goes on with it as far as it gets. */
void relay_run(struct client *c);

/* It took too long. */
void relay_expired(struct client *c);

#endif
