/* Holds what the gateway passes on of a head to what it has read: the same message, in a spelling that has one reading.
 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/fields.h"
#include "gateway/gateway.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct gateway gateway;
static struct route route = {.name = "a", .base = "/user/a/"};
static struct target container = {.route = &route}, portal;
static struct upstream upstream;
static struct client client = {.gateway = &gateway, .upstream = &upstream};

static void hold(bool holds)
{
    if (!holds)
        abort();
}

static void same(struct slice a, struct slice b)
{
    hold(a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0));
}

static int count(const struct http_head *h, enum http_name name)
{
    int n = 0;

    for (size_t i = 0; i < h->n_fields; i++)
        n += h->fields[i].known == name;
    return n;
}

/* Nothing but what is ours to say is said about this connection and who is at its other end. */
static void hold_ours(const struct http_head *h, bool to_container)
{
    static const enum http_name never[] = {HTTP_KEEP_ALIVE,
                                           HTTP_PROXY_CONNECTION,
                                           HTTP_PROXY_AUTHENTICATE,
                                           HTTP_PROXY_AUTHORIZATION,
                                           HTTP_TE,
                                           HTTP_DISGUISED,
                                           HTTP_EXPECT,
                                           HTTP_FORWARDED,
                                           HTTP_X_SCHEME};

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        hold(!count(h, never[i]));
    hold(count(h, HTTP_X_FORWARDED_PROTO) == 1 && !count(h, HTTP_X_FORWARDED_HOST));
    hold(count(h, HTTP_X_REQUEST_ID) == !to_container && !count(h, HTTP_X_FORWARDED_FOR) && !count(h, HTTP_X_REAL_IP));
}

/* A length without zeros in front, "chunked" in small letters, each behind one blank. */
static void hold_framing(const struct http_head *read, const struct http_head *passed)
{
    hold(read->chunked == passed->chunked && read->length == passed->length);
    for (size_t i = 0; i < passed->n_fields; i++) {
        const struct http_field *f = &passed->fields[i];

        if (f->known == HTTP_TRANSFER_ENCODING)
            hold(slice_is(f->value, "chunked"));
        else if (f->known == HTTP_CONTENT_LENGTH)
            hold(f->value.at[0] != '0' || f->value.len == 1);
        else
            continue;
        hold(f->value.at == f->name.at + f->name.len + 2 && f->value.at[f->value.len] == '\r');
    }
}

static void one_request(const struct http_head *read, const struct target *to)
{
    static struct room out;
    static struct http_head passed;
    struct err e;
    size_t len;

    out.start = out.end = 0;
    client.websocket = read->websocket && to->route && read->length <= 0 && !read->chunked;
    if (!fields_request(&out, &client, read, to))
        return;
    len = http_head_end(out.bytes, out.end, 0);
    hold(len == out.end);
    /* Those that we add may be more than we would read. */
    if (http_request_parse(&passed, out.bytes, len, &e) < 0) {
        hold(e.code == ERR_HTTP_HEAD_TOO_LARGE);
        return;
    }
    same(read->method, passed.method);
    same(read->target, passed.target);
    same(read->host, passed.host);
    hold(read->minor == passed.minor && passed.close == !read->minor && !passed.names_hops);
    hold(passed.websocket == client.websocket && count(&passed, HTTP_UPGRADE) == client.websocket);
    hold_framing(read, &passed);
    hold_ours(&passed, to->route);
}

static void one_answer(const struct http_head *read, const char *bytes, struct target *from)
{
    static struct room out;
    static struct http_head passed;
    struct err e;
    size_t len;

    out.start = out.end = 0;
    upstream.target = from;
    if (!fields_answer(&out, &client, read, bytes))
        return;
    len = http_head_end(out.bytes, out.end, 0);
    hold(len == out.end);
    if (http_answer_parse(&passed, out.bytes, len, &e) < 0) {
        hold(e.code == ERR_HTTP_HEAD_TOO_LARGE);
        return;
    }
    hold(read->status == passed.status && passed.minor == 1 && !passed.names_hops);
    hold(count(&passed, HTTP_UPGRADE) == (read->status == 101));
    if (read->status < 200 || read->status == 204)
        hold(!passed.chunked && passed.length == HTTP_NO_LENGTH);
    else
        hold_framing(read, &passed);
    if (from->route)
        hold(!count(&passed, HTTP_CLEAR_SITE_DATA) && !count(&passed, HTTP_SERVICE_WORKER_ALLOWED));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
    static struct http_head head;
    const char *bytes = (const char *)input;
    size_t end = http_head_end(bytes, len, 0);
    struct err e;

    if (!end)
        return 0;
    if (http_request_parse(&head, bytes, end, &e) == 0) {
        one_request(&head, &container);
        one_request(&head, &portal);
    }
    if (http_answer_parse(&head, bytes, end, &e) == 0) {
        one_answer(&head, bytes, &container);
        one_answer(&head, bytes, &portal);
    }
    return 0;
}
