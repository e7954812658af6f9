/* Which request goes where: a table for each socket. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/server.h"

struct api;

enum route_method {
    ROUTE_GET = 1,
    ROUTE_HEAD = 2,
    ROUTE_DELETE = 4
}; /* OPTIONS is answered for every path (contract 1.1) */

enum route_cors {
    ROUTE_CORS_AS_SET, /* cors_allow_origin */
    ROUTE_CORS_ALL,    /* any origin, whatever is set (contract 1.2) */
    ROUTE_CORS_NONE,   /* no such fields at all (contract 1.1: static files) */
};

/* Paths are raw. In a row's path "*" stands for one segment and "**", which is last, for everything that follows:
 * neither may be empty, except where "**" stands behind the first '/' alone. The first row that matches wins. */
struct route {
    const char *path;
    unsigned methods;
    enum route_cors cors;
    enum MHD_Result (*serve)(struct api *a, struct request *r);
};

/* Whether `path` has the shape; *first and *rest are what stood for "*" and "**". Pure. */
bool route_matches(const char *shape, struct slice path, struct slice *first, struct slice *rest);

/* What a server's `serve` calls; `arg` is the api. The socket picks the table. */
enum MHD_Result routes_portal(void *arg, struct request *r);
enum MHD_Result routes_admin(void *arg, struct request *r);

/* The handlers. */
enum MHD_Result serve_build(struct api *a, struct request *r);
enum MHD_Result serve_build_admin(struct api *a, struct request *r);
enum MHD_Result serve_front(struct api *a, struct request *r);
enum MHD_Result serve_launch_page(struct api *a, struct request *r);
enum MHD_Result serve_missing(struct api *a, struct request *r);
enum MHD_Result serve_static(struct api *a, struct request *r);
enum MHD_Result serve_icon(struct api *a, struct request *r);
enum MHD_Result serve_robots(struct api *a, struct request *r);
enum MHD_Result serve_providers(struct api *a, struct request *r);
enum MHD_Result serve_health(struct api *a, struct request *r);
enum MHD_Result serve_versions(struct api *a, struct request *r);
enum MHD_Result serve_status(struct api *a, struct request *r);

/* The operator's lists and what is done with their rows. */
enum MHD_Result serve_sessions(struct api *a, struct request *r);
enum MHD_Result serve_session_stop(struct api *a, struct request *r);
enum MHD_Result serve_session_log(struct api *a, struct request *r);
enum MHD_Result serve_builds(struct api *a, struct request *r);
enum MHD_Result serve_build_stop(struct api *a, struct request *r);
enum MHD_Result serve_build_log(struct api *a, struct request *r);
enum MHD_Result serve_images(struct api *a, struct request *r);
enum MHD_Result serve_events(struct api *a, struct request *r);

#endif
