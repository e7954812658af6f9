/* Bytes both ways, after 101. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_TUNNEL_H
#define GATEWAY_TUNNEL_H

#include "gateway/conn.h"

/* The answer's head lies in the client's `out`; bytes that either side sent behind its head are part of the tunnel. */
void tunnel_begin(struct client *c);
void tunnel_run(struct client *c);

#endif
