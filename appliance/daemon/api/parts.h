/* What the handlers share; the room's own. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_PARTS_H
#define API_PARTS_H

#include "api/api.h"
#include "api/server.h"
#include "base/list.h"

struct page;
struct site;

struct api {
    struct api_parts parts;
    char *portal_url;        /* without a '/' at its end */
    char *cors_allow_origin; /* NULL: none */
    int keepalive_ms;
    struct site *site;
    struct page *page;
    struct server *portal, *admin;
    struct list streams; /* open now (stream.c) */
    unsigned n_streams;
};

#endif
