/* What is stripped from a head and set in it, each way. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/fields.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "gateway/gateway.h"
#include "http/cookie.h"
#include "http/field.h"

/*
 * Beside what belongs to one connection (http_field_is_hop). From a client: who it is and what it was reached by is
 * ours to say, and to a container only the scheme is said: the programs in it are strangers to the visitor. From a
 * container: what would reach beyond its own path (product.md, "Three origins") or beyond this answer, on an origin
 * that it shares with others; and what a web server in front of us would take for an order to send something else
 * (X-Accel-Redirect: a file of its own).
 */
static const bool from_client[HTTP_NAMES] = {
    [HTTP_EXPECT] = true, /* answered here */
    [HTTP_FORWARDED] = true,
    [HTTP_TRUE_CLIENT_IP] = true,
    [HTTP_X_CLIENT_IP] = true,
    [HTTP_X_FORWARDED_FOR] = true,
    [HTTP_X_FORWARDED_HOST] = true,
    [HTTP_X_FORWARDED_PORT] = true,
    [HTTP_X_FORWARDED_PREFIX] = true,
    [HTTP_X_FORWARDED_PROTO] = true,
    [HTTP_X_FORWARDED_SCHEME] = true,
    [HTTP_X_FORWARDED_SERVER] = true,
    [HTTP_X_FORWARDED_SSL] = true,
    [HTTP_X_REAL_IP] = true,
    [HTTP_X_REQUEST_ID] = true,
    [HTTP_X_SCHEME] = true,
};

static const bool from_container[HTTP_NAMES] = {
    [HTTP_ALT_SVC] = true,
    [HTTP_CLEAR_SITE_DATA] = true,
    [HTTP_EXPECT_CT] = true,
    [HTTP_NEL] = true,
    [HTTP_REPORT_TO] = true,
    [HTTP_SERVICE_WORKER_ALLOWED] = true,
    [HTTP_STRICT_TRANSPORT_SECURITY] = true,
    [HTTP_X_ACCEL_CHARSET] = true,
    [HTTP_X_ACCEL_EXPIRES] = true,
    [HTTP_X_ACCEL_LIMIT_RATE] = true,
    [HTTP_X_ACCEL_REDIRECT] = true,
    [HTTP_X_LIGHTTPD_SEND_FILE] = true,
    [HTTP_X_REPROXY_URL] = true,
    [HTTP_X_SENDFILE] = true,
};

/* All that is upgraded to, whatever else was offered beside it. */
static const char to_websocket[] = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

/* Field lines that are kept as they are, copied as one run as long as nothing between them is left out. */
struct copier {
    struct room *out;
    const char *run, *run_end;
    uint32_t start; /* where the head begins in `out` */
    bool full;
};

static void flush(struct copier *c)
{
    if (c->run && !room_add(c->out, c->run, (size_t)(c->run_end - c->run)))
        c->full = true;
    c->run = NULL;
}

static void keep(struct copier *c, const struct http_head *h, size_t i)
{
    const char *end = i + 1 < h->n_fields ? h->fields[i + 1].name.at : h->lines.at + h->lines.len;

    if (!c->run)
        c->run = h->fields[i].name.at;
    c->run_end = end;
}

static void add(struct copier *c, const char *bytes, size_t len)
{
    flush(c);
    c->full |= !room_add(c->out, bytes, len);
}

/* The blank line. False, nothing added at all, when it did not fit. */
static bool finish(struct copier *c)
{
    add(c, "\r\n", 2);
    if (c->full)
        c->out->end = c->start;
    return !c->full;
}

static void add_text(struct copier *c, const char *text)
{
    add(c, text, strlen(text));
}

static bool is_framing(const struct http_field *f)
{
    return f->known == HTTP_TRANSFER_ENCODING || f->known == HTTP_CONTENT_LENGTH;
}

static bool is_canonical(const struct http_field *f)
{
    if (f->value.at != f->name.at + f->name.len + 2 || f->value.at[f->value.len] != '\r')
        return false;
    if (f->known == HTTP_TRANSFER_ENCODING)
        return slice_is(f->value, "chunked");
    return f->value.at[0] != '0' || f->value.len == 1;
}

/* Where a message ends is said in one way, whatever way it was said in: who does not know "Chunked", or reads zeros in
 * front of a length as octal, would take the rest of this message for the next one. */
static void add_framing(struct copier *c, const struct http_head *h, size_t i)
{
    char line[64];

    if (is_canonical(&h->fields[i])) {
        keep(c, h, i);
    } else if (h->chunked) {
        add_text(c, "Transfer-Encoding: chunked\r\n");
    } else {
        snprintf(line, sizeof line, "Content-Length: %lld\r\n", (long long)h->length);
        add_text(c, line);
    }
}

/* "name: " and the value that `write` makes of the field's, or nothing where it makes none. */
static void add_cookie(struct copier *c, const struct http_field *f, const struct route *route)
{
    char value[ROOM_BYTES];
    bool up = f->known == HTTP_COOKIE;
    size_t len;

    if (up ? !http_cookie_to_container(value, sizeof value, &len, f->value)
           : !http_cookie_from_container(value, sizeof value, &len, f->value, slice_of(route->base)))
        return;
    add_text(c, up ? "Cookie: " : "Set-Cookie: ");
    add(c, value, len);
    add_text(c, "\r\n");
}

/* Who asks, and what for: to the daemon all of it, to a container only what its links need. */
static void add_identity(struct copier *c, const struct who *who, bool to_container)
{
    static char front[ID_TEXT];
    static uint64_t number;
    char address[INET6_ADDRSTRLEN], lines[256];

    add_text(c, who->https ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n");
    if (who->host.len) {
        add_text(c, "X-Forwarded-Host: ");
        add(c, who->host.at, who->host.len);
        add_text(c, "\r\n");
    }
    if (to_container)
        return;
    if (!front[0]) {
        struct id id = id_new();

        id_text(front, &id);
    }
    snprintf(lines, sizeof lines, "X-Request-Id: %.16s%016llx\r\n", front, (unsigned long long)++number);
    add_text(c, lines);
    if (!who->known)
        return;
    network_address_text(address, who->address);
    snprintf(lines, sizeof lines, "X-Forwarded-For: %s\r\nX-Real-IP: %s\r\n", address, address);
    add_text(c, lines);
}

/* Who passes an answer on says when it came where nobody has (RFC 9110, section 6.6.1). */
static void add_date(struct copier *c)
{
    add_text(c, "Date: ");
    add_text(c, clock_http_now());
    add_text(c, "\r\n");
}

/* "X-Forwarded-Anything" that names.def does not know, also with '_'. */
static bool is_forwarded(const struct http_field *f)
{
    static const char prefix[] = "x-forwarded-";

    if (f->known != HTTP_OTHER || f->name.len < sizeof prefix - 1)
        return false;
    for (size_t i = 0; prefix[i]; i++)
        if (f->name.at[i] != '_' ? (f->name.at[i] | 0x20) != (prefix[i] | 0x20) : prefix[i] != '-')
            return false;
    return true;
}

bool fields_request(struct room *out, const struct client *c, const struct http_head *h, const struct target *to)
{
    struct copier copier = {.out = out, .start = out->end};

    add(&copier, h->method.at, h->method.len);
    add_text(&copier, " ");
    add(&copier, h->target.at, h->target.len);
    add_text(&copier, h->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct http_field *f = &h->fields[i];

        if (f->known == HTTP_COOKIE && to->route && memmem(f->value.at, f->value.len, "__", 2))
            add_cookie(&copier, f, to->route);
        else if (is_framing(f))
            add_framing(&copier, h, i);
        else if (!(from_client[f->known] || is_forwarded(f) || http_field_is_hop(h, f)))
            keep(&copier, h, i);
        else
            flush(&copier);
    }
    flush(&copier);
    add_identity(&copier, &c->gateway->who, to->route);
    if (c->websocket)
        add_text(&copier, to_websocket);
    else if (!h->minor)
        add_text(&copier, "Connection: close\r\n");
    return finish(&copier);
}

bool fields_answer(struct room *out, const struct client *c, const struct http_head *h, const char *bytes)
{
    const struct route *route = c->upstream->target->route;
    bool bodiless = h->status < 200 || h->status == 204; /* these may have no length (RFC 9110, section 8.6) */
    struct copier copier = {.out = out, .start = out->end};
    bool dated = h->status < 200;

    add_text(&copier, "HTTP/1.1 ");
    add(&copier, bytes + sizeof "HTTP/1.1 " - 1, (size_t)(h->lines.at - bytes) - (sizeof "HTTP/1.1 " - 1));
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct http_field *f = &h->fields[i];

        dated |= f->known == HTTP_DATE;
        if (f->known == HTTP_SET_COOKIE && route)
            add_cookie(&copier, f, route);
        else if (is_framing(f) && !bodiless)
            add_framing(&copier, h, i);
        else if (is_framing(f))
            flush(&copier);
        else if (!((route && from_container[f->known]) || http_field_is_hop(h, f)))
            keep(&copier, h, i);
        else
            flush(&copier);
    }
    flush(&copier);
    if (!dated)
        add_date(&copier);
    if (h->status == 101)
        add_text(&copier, to_websocket);
    else if (c->last && h->status >= 200)
        add_text(&copier, "Connection: close\r\n");
    return finish(&copier);
}
