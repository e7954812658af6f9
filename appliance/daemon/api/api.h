/* Every page and resource: the portal's and the operator's. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_API_H
#define API_API_H

#include "base/err.h"

/*
 * It asks the other rooms and prints what they say. At most API_STREAMS_MAX launches are watched at a time, by one
 * client API_STREAMS_CLIENT_MAX of these, a classroom behind one address; who comes then gets 503 with Retry-After,
 * which the Binder's clients follow (contract 1.4).
 */
#define API_PORTAL_CONNECTIONS 1024
#define API_ADMIN_CONNECTIONS 64
#define API_STREAMS_MAX 896
#define API_STREAMS_CLIENT_MAX 256

struct api;
struct loop;
struct store;
struct engine;
struct sessions;
struct builds;
struct launches;
struct health;

/* What the room stands on; all of it outlives the room. */
struct api_parts {
    struct loop *loop;
    struct store *store;
    struct engine *engine;
    struct sessions *sessions;
    struct builds *builds;
    struct launches *launches;
    struct health *health; /* federation/health.h */
};

/* Copied. */
struct api_settings {
    const char *web_dir;           /* read once: index.html and the files under /static/ */
    const char *portal_url;        /* as visitors see it: "http://127.0.0.1:8585", with or without a '/' at its end */
    const char *badge_base_url;    /* "": the portal's own */
    const char *cors_allow_origin; /* "": none */
    int portal_fd, admin_fd;       /* listening unix sockets, non-blocking; they stay the caller's */
    int keepalive_ms;              /* contract 2.1: 25000 */
};

/* Serves from now on. Errors: ERR_API_SERVER; ERR_API_WEB, which names the file. */
int api_new(struct api **out, const struct api_parts *parts, const struct api_settings *settings,
            struct err *e) ERR_CHECKED;
/* Ends every connection; launches go on. Before the launches are freed. */
void api_free(struct api **a);

#endif
