/* GET /build/<provider>/<spec>: starts a launch, or finds the one that the client was at, and streams its feed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/parts.h"
#include "api/reply.h"
#include "api/stream.h"
#include "base/mem.h"
#include "launch/launch.h"

#define HOST_MAX 255

/* A name or address with its port; what else may stand in a Host field has no place in a link. */
static bool host_is_plain(const char *host)
{
    size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");

    return len > 0 && len <= HOST_MAX && !host[len];
}

/* The portal as this visitor sees it. The gateway says by what scheme it was asked (contract 1.1), and for what host
 * where a proxy that it trusts said so. */
static char *origin_of(const struct api *a, const struct request *r)
{
    const char *scheme = request_field(r, "X-Forwarded-Proto"), *host = request_field(r, "X-Forwarded-Host");

    if (!host)
        host = request_field(r, MHD_HTTP_HEADER_HOST);
    if (!host || !host_is_plain(host))
        return mem_string(a->portal_url);
    return mem_format("%s://%s", scheme && str_is(scheme, "https") ? "https" : "http", host);
}

static enum MHD_Result serve(struct api *a, struct request *r, const char *origin, const char *address)
{
    cleanup_free char *provider = mem_copy(r->first.at, r->first.len), *spec = mem_copy(r->rest.at, r->rest.len);
    struct launch_request wish = {
        .provider = provider,
        .spec = spec,
        .accept = request_field(r, MHD_HTTP_HEADER_ACCEPT),
        .origin = origin,
        .last_event_id = request_field(r, "Last-Event-ID"),
    };
    struct launch_place from;

    if (!stream_has_room(a, address))
        return reply_status(a, r, MHD_HTTP_SERVICE_UNAVAILABLE);
    if (!launch_find(a->parts.launches, &wish, &from))
        from = (struct launch_place){.launch = launch_start(a->parts.launches, &wish)};
    else if (!from.launch)
        return reply_empty(a, r, MHD_HTTP_NO_CONTENT); /* an EventSource stops then (decisions 31) */
    return stream_serve(a, r, &from, address);
}

enum MHD_Result serve_build(struct api *a, struct request *r)
{
    cleanup_free char *origin = origin_of(a, r);

    return serve(a, r, origin, request_field(r, "X-Real-IP"));
}

/* The command line's launches are the portal's own: its request has no host that a visitor would know. */
enum MHD_Result serve_build_admin(struct api *a, struct request *r)
{
    return serve(a, r, a->portal_url, NULL);
}
