/* Which request goes where: a table for each socket. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/routes.h"

#include "api/reply.h"

/* Contract 1.2; HEAD is refused except for /health and files (1.1). The last row takes what no other does. */
static const struct route portal[] = {
    {"/build/*/**", ROUTE_GET, ROUTE_CORS_AS_SET, serve_build},
    {"/", ROUTE_GET, ROUTE_CORS_AS_SET, serve_front},
    {"/v2/*/**", ROUTE_GET, ROUTE_CORS_AS_SET, serve_launch_page},
    {"/health", ROUTE_GET | ROUTE_HEAD, ROUTE_CORS_AS_SET, serve_health},
    {"/versions", ROUTE_GET, ROUTE_CORS_ALL, serve_versions},
    {"/api/repoproviders", ROUTE_GET, ROUTE_CORS_AS_SET, serve_providers},
    {"/static/*", ROUTE_GET | ROUTE_HEAD, ROUTE_CORS_NONE, serve_static},
    {"/favicon.ico", ROUTE_GET | ROUTE_HEAD, ROUTE_CORS_NONE, serve_icon},
    {"/robots.txt", ROUTE_GET, ROUTE_CORS_AS_SET, serve_robots},
    {"/**", ROUTE_GET, ROUTE_CORS_AS_SET, serve_missing},
};

static const struct route admin[] = {
    {"/build/*/**", ROUTE_GET, ROUTE_CORS_NONE, serve_build_admin},
    {"/status", ROUTE_GET, ROUTE_CORS_NONE, serve_status},
    {"/health", ROUTE_GET | ROUTE_HEAD, ROUTE_CORS_NONE, serve_health},
    {"/versions", ROUTE_GET, ROUTE_CORS_NONE, serve_versions},
    {"/api/sessions", ROUTE_GET, ROUTE_CORS_NONE, serve_sessions},
    {"/api/sessions/*", ROUTE_DELETE, ROUTE_CORS_NONE, serve_session_stop},
    {"/api/sessions/*/log", ROUTE_GET, ROUTE_CORS_NONE, serve_session_log},
    {"/api/builds", ROUTE_GET, ROUTE_CORS_NONE, serve_builds},
    {"/api/builds/*", ROUTE_DELETE, ROUTE_CORS_NONE, serve_build_stop},
    {"/api/builds/*/log", ROUTE_GET, ROUTE_CORS_NONE, serve_build_log},
    {"/api/images", ROUTE_GET, ROUTE_CORS_NONE, serve_images},
    {"/api/events", ROUTE_GET, ROUTE_CORS_NONE, serve_events},
    {"/**", ROUTE_GET, ROUTE_CORS_NONE, serve_missing},
};

/* Up to the next '/', which stays; at least one byte. */
static bool take_segment(struct slice *path, struct slice *segment)
{
    const char *end = memchr(path->at, '/', path->len);

    *segment = (struct slice){path->at, end ? (size_t)(end - path->at) : path->len};
    path->at += segment->len;
    path->len -= segment->len;
    return segment->len > 0;
}

bool route_matches(const char *shape, struct slice path, struct slice *first, struct slice *rest)
{
    bool any = str_is(shape, "/**");

    for (; *shape; shape++) {
        if (str_is(shape, "**")) {
            *rest = path;
            return path.len > 0 || any;
        }
        if (*shape == '*') {
            if (!take_segment(&path, first))
                return false;
            continue;
        }
        if (!path.len || *path.at != *shape)
            return false;
        path.at++;
        path.len--;
    }
    return path.len == 0;
}

static bool takes(const struct route *row, const char *method)
{
    return (row->methods & ROUTE_GET && str_is(method, MHD_HTTP_METHOD_GET)) ||
           (row->methods & ROUTE_HEAD && str_is(method, MHD_HTTP_METHOD_HEAD)) ||
           (row->methods & ROUTE_DELETE && str_is(method, MHD_HTTP_METHOD_DELETE));
}

static enum MHD_Result dispatch(struct api *a, struct request *r, const struct route *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct route *row = &rows[i];

        if (!route_matches(row->path, r->path, &r->first, &r->rest))
            continue;
        r->route = row;
        if (str_is(r->method, MHD_HTTP_METHOD_OPTIONS))
            return reply_empty(a, r, MHD_HTTP_OK);
        if (takes(row, r->method))
            return row->serve(a, r);
        return reply_status(a, r, MHD_HTTP_METHOD_NOT_ALLOWED);
    }
    return reply_status(a, r, MHD_HTTP_NOT_FOUND); /* a target that does not begin with '/' */
}

enum MHD_Result routes_portal(void *arg, struct request *r)
{
    return dispatch(arg, r, portal, sizeof portal / sizeof portal[0]);
}

enum MHD_Result routes_admin(void *arg, struct request *r)
{
    return dispatch(arg, r, admin, sizeof admin / sizeof admin[0]);
}
