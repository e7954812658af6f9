/* What is stripped from a head and set in it, each way. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_FIELDS_H
#define GATEWAY_FIELDS_H

#include "gateway/conn.h"
#include "gateway/upstream.h"
#include "http/head.h"

/* Adds the head as the server is to read it; false, nothing added, when it does not fit. */
bool fields_request(struct room *out, const struct client *c, const struct http_head *h, const struct target *to);

/* The same for an answer's head as the client is to read it. `bytes`: where it lies. */
bool fields_answer(struct room *out, const struct client *c, const struct http_head *h, const char *bytes);

#endif
