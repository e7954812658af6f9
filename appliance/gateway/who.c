/* Who sent a request: the peer, or whom a trusted proxy names. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/who.h"

#include "gateway/gateway.h"
#include "http/field.h"

#define HOST_MAX 255 /* bytes of a forwarded host with its port */

bool who_is_trusted(const struct wire_proxies *p, const struct in6_addr *peer)
{
    if (IN6_IS_ADDR_UNSPECIFIED(peer))
        return p->unix_peers;
    for (size_t i = 0; i < p->count; i++)
        if (network_has(&p->list[i], peer->s6_addr))
            return true;
    return false;
}

/* The elements of a comma-separated list, over all fields of a name, from the right. */
struct from_right {
    const struct http_head *h;
    enum http_name name;
    size_t field;      /* those from here on have been read */
    struct slice rest; /* of the one that is being read */
    bool inside;
};

static bool next(struct from_right *at, struct slice *element)
{
    const char *comma;

    while (!at->inside) {
        if (!at->field)
            return false;
        at->field--;
        at->inside = at->h->fields[at->field].known == at->name;
        at->rest = at->h->fields[at->field].value;
    }
    comma = at->rest.len ? memrchr(at->rest.at, ',', at->rest.len) : NULL;
    *element = comma ? slice_from(at->rest, (size_t)(comma - at->rest.at) + 1) : at->rest;
    *element = slice_trim(*element);
    at->inside = comma != NULL;
    if (comma)
        at->rest.len = (size_t)(comma - at->rest.at);
    return true;
}

static struct from_right from_right(const struct http_head *h, enum http_name name)
{
    return (struct from_right){.h = h, .name = name, .field = h->n_fields};
}

/* An address as proxies write it: "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". */
static bool read_address(uint8_t out[16], struct slice text)
{
    const char *end = NULL, *colon = text.len ? memchr(text.at, ':', text.len) : NULL;

    if (text.len && text.at[0] == '[') {
        text = slice_from(text, 1);
        end = text.len ? memchr(text.at, ']', text.len) : NULL;
        if (!end)
            return false;
    } else if (colon && colon == memrchr(text.at, ':', text.len)) {
        end = colon;
    }
    if (end)
        text.len = (size_t)(end - text.at);
    return network_address(out, text);
}

/* The first address from the right that is no trusted proxy's; returns how many were believed. */
static size_t read_addresses(struct who *out, const struct wire_proxies *trusted, const struct http_head *h)
{
    struct from_right at = from_right(h, HTTP_X_FORWARDED_FOR);
    struct slice element;
    size_t hops = 0;

    while (out->proxy && next(&at, &element)) {
        struct in6_addr address;

        hops++;
        if (!read_address(address.s6_addr, element))
            break; /* whoever wrote it is the last that can be named */
        memcpy(out->address, address.s6_addr, sizeof out->address);
        out->known = true;
        out->proxy = who_is_trusted(trusted, &address);
    }
    return hops;
}

/* What the outermost trusted proxy said: as many elements from the right as there were proxies, or fewer. */
static struct slice said(const struct http_head *h, enum http_name name, size_t hops)
{
    struct from_right at = from_right(h, name);
    struct slice found = {0}, element;

    do {
        if (!next(&at, &element))
            break;
        found = element;
    } while (hops-- > 1);
    return found;
}

static bool is_host(struct slice s)
{
    static const char others[] = "-._:[]";

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr(others, c))))
            return false;
    }
    return s.len && s.len <= HOST_MAX;
}

void who_read(struct who *out, const struct client *c, const struct http_head *h)
{
    const struct wire_proxies *trusted = &c->gateway->proxies;
    const struct http_field *real;
    size_t hops;

    memcpy(out->address, &c->address, sizeof out->address);
    out->known = !IN6_IS_ADDR_UNSPECIFIED(&c->address);
    out->proxied = out->proxy = c->kind != LISTEN_DOOR && who_is_trusted(trusted, &c->address);
    out->https = false;
    out->host = (struct slice){0};
    if (!out->proxied)
        return;
    hops = read_addresses(out, trusted, h);
    real = hops ? NULL : http_head_field(h, HTTP_X_REAL_IP);
    if (real && read_address(out->address, real->value)) {
        out->known = true;
        out->proxy = false;
    }
    out->https = slice_is_nocase(said(h, HTTP_X_FORWARDED_PROTO, hops), "https");
    out->host = said(h, HTTP_X_FORWARDED_HOST, hops);
    if (!is_host(out->host))
        out->host = (struct slice){0};
}
