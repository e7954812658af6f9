/* Complete answers: what is not a stream. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/reply.h"

#include <sodium.h>

#include "api/parts.h"
#include "base/buf.h"
#include "base/json.h"

#define ETAG_BYTES 16
#define ETAG_TEXT (2 * ETAG_BYTES + 3) /* in quotes, and a NUL */
#define RETRY_AFTER_S "5"
#define ERROR_MAX 4096 /* bytes of its JSON */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value)
        MHD_add_response_header(response, name, value);
}

void reply_fields(const struct api *a, const struct request *r, struct MHD_Response *response)
{
    enum route_cors cors = r->route ? r->route->cors : ROUTE_CORS_NONE;

    add(response, "Server", "Ringbinder/" RINGBINDER_VERSION);
    add(response, "X-Content-Type-Options", "nosniff");
    if (cors == ROUTE_CORS_NONE)
        return;
    add(response, "Access-Control-Allow-Origin", cors == ROUTE_CORS_ALL ? "*" : a->cors_allow_origin);
    /* A client that has seen an event's id sends it when it comes back (decisions 31). */
    add(response, "Access-Control-Allow-Headers", "cache-control, last-event-id");
}

static void etag_of(char out[ETAG_TEXT], struct slice body)
{
    uint8_t hash[ETAG_BYTES];

    crypto_generichash(hash, sizeof hash, (const uint8_t *)body.at, body.len, NULL, 0);
    out[0] = '"';
    str_hex(out + 1, hash, sizeof hash);
    memcpy(out + ETAG_TEXT - 2, "\"", 2);
}

/* If-None-Match: "*" or a list, in which a weak tag counts as well (RFC 9110, section 13.1.2). */
static bool has_etag(const struct request *r, const char *etag)
{
    const char *field = request_field(r, MHD_HTTP_HEADER_IF_NONE_MATCH);
    struct slice rest = slice_of(field ? field : "");

    while (rest.len) {
        struct slice tag = slice_trim(slice_cut(&rest, ','));

        if (tag.len > 2 && memcmp(tag.at, "W/", 2) == 0)
            tag = (struct slice){tag.at + 2, tag.len - 2};
        if (slice_is(tag, etag) || slice_is(tag, "*"))
            return true;
    }
    return false;
}

static const char *allowed(unsigned methods)
{
    if (methods & ROUTE_DELETE)
        return "DELETE, OPTIONS";
    return methods & ROUTE_HEAD ? "GET, HEAD, OPTIONS" : "GET, OPTIONS";
}

enum MHD_Result reply_send(struct api *a, struct request *r, const struct reply *reply)
{
    unsigned status = reply->status;
    struct slice body = reply->body;
    struct MHD_Response *response;
    char etag[ETAG_TEXT] = "";
    enum MHD_Result result;

    if (status == MHD_HTTP_OK) {
        etag_of(etag, body);
        if (has_etag(r, etag)) {
            status = MHD_HTTP_NOT_MODIFIED;
            body.len = 0;
        }
    }
    response = MHD_create_response_from_buffer(body.len, (void *)body.at, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO; /* closes the connection */
    reply_fields(a, r, response);
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, reply->cache);
    add(response, "Content-Security-Policy", reply->policy);
    add(response, MHD_HTTP_HEADER_ETAG, *etag ? etag : NULL);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add(response, MHD_HTTP_HEADER_ALLOW, allowed(r->route->methods));
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER_S);
    result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_json(struct api *a, struct request *r, unsigned status, struct slice json)
{
    return reply_send(a, r, &(struct reply){status, "application/json", json, "no-cache", NULL});
}

void reply_write_error(struct buf *json, const struct err *e)
{
    const struct err_info *info = err_info(e->code);
    const char *text = e->text[0] ? e->text : info->sentence;

    buf_add_format(json, "\"error\": {\"code\": \"RB%04d\", \"text\": ", (int)e->code);
    json_add_string(json, text, strlen(text));
    buf_add_text(json, ", \"remedy\": ");
    json_add_string(json, info->remedy, strlen(info->remedy));
    buf_add_char(json, '}');
}

enum MHD_Result reply_error(struct api *a, struct request *r, const struct err *e)
{
    cleanup_buf struct buf json = BUF_OF(ERROR_MAX);

    buf_add_char(&json, '{');
    reply_write_error(&json, e);
    buf_add_char(&json, '}');
    return reply_json(a, r, (unsigned)err_info(e->code)->http_status, (struct slice){buf_text(&json), json.len});
}

enum MHD_Result reply_empty(struct api *a, struct request *r, unsigned status)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    reply_fields(a, r, response);
    result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_status(struct api *a, struct request *r, unsigned status)
{
    cleanup_buf struct buf html = BUF_OF(512);
    const char *reason = MHD_get_reason_phrase_for(status);

    buf_add_format(&html, "<html><title>%u: %s</title><body>%u: %s</body></html>", status, reason, status, reason);
    return reply_send(a, r,
                      &(struct reply){status,
                                      "text/html; charset=UTF-8",
                                      {buf_text(&html), html.len},
                                      "no-store",
                                      "default-src 'none'; frame-ancestors 'none'"});
}
