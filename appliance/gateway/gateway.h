/* What the files of the gateway share: one struct, made in main. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/conn.h"
#include "gateway/control.h"
#include "gateway/limit.h"
#include "gateway/listen.h"
#include "gateway/park.h"
#include "gateway/poll.h"
#include "gateway/route.h"
#include "gateway/upstream.h"
#include "gateway/who.h"
#include "http/head.h"
#include "wire/wire.h"

struct gateway {
    struct poll poll;
    int64_t settings[WIRE_SETTINGS];    /* by enum wire_setting */
    char portal_url[WIRE_TEXT_MAX + 1]; /* with a '/' at its end; "": not known */
    struct wire_proxies proxies;        /* who is believed about others */
    struct routes routes;
    struct target portal; /* the daemon's pages */
    struct control control;
    struct listeners listeners;
    struct clients clients;
    struct limits limits;
    struct park park;
    struct pool pool;
    int64_t bad_answer_at; /* when the journal last heard of one; 0: never */
    struct http_head head; /* the one that is being read; good until the next is */
    struct who who;        /* and who sent it */
};

#endif
