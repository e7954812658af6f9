/* Packets of control.sock: written and read, byte for byte. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/wire.h"

#include <string.h>

/*
 * A packet is one byte of kind and then the kind's fields, numbers in network order:
 *     HELLO        version u32
 *     SETTING      number u16, value i64
 *     ROUTE        name, route u8, then OPEN: address 16 bytes, port u16; CLOSED: code u32, ended i64,
 *                  text of the link, text of why
 *     SYNCED       -
 *     WAKE         name
 *     ACTIVITY     name, input u32, any u32
 *     UNREACHABLE  name
 *     TEXT         number u16, text
 *     PROXIES      unix u8, count u8, count times: address 16 bytes, bits u8
 * and a name is one byte of length, 1 to WIRE_NAME_MAX, and its bytes, a text two bytes of length, 0 to WIRE_TEXT_MAX
 * and its bytes. In version 1 a closed route ends with its code.
 */
#define ROUTES_SAY_WHEN 2 /* since that version: the time and the link of a closed route */
#define TEXTS_SINCE 2     /* and TEXT and PROXIES */

struct reader {
    const uint8_t *at, *end;
    uint32_t version;
    bool failed;
};

static void put(uint8_t **at, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i; i--)
        *(*at)++ = (uint8_t)(value >> (8 * (i - 1)));
}

static void put_name(uint8_t **at, const char *name)
{
    size_t len = strlen(name);

    put(at, len, 1);
    memcpy(*at, name, len);
    *at += len;
}

static void put_text(uint8_t **at, const char *text)
{
    size_t len = strlen(text);

    put(at, len, 2);
    memcpy(*at, text, len);
    *at += len;
}

static void put_proxies(uint8_t **at, const struct wire_proxies *p)
{
    put(at, p->unix_peers, 1);
    put(at, p->count, 1);
    for (size_t i = 0; i < p->count; i++) {
        memcpy(*at, p->list[i].address, sizeof p->list[i].address);
        *at += sizeof p->list[i].address;
        put(at, p->list[i].bits, 1);
    }
}

static void put_route(uint8_t **at, const struct wire_message *m, uint32_t version)
{
    put_name(at, m->name);
    put(at, m->route, 1);
    if (m->route == WIRE_ROUTE_OPEN) {
        memcpy(*at, m->address, sizeof m->address);
        *at += sizeof m->address;
        put(at, m->port, 2);
    }
    if (m->route != WIRE_ROUTE_CLOSED)
        return;
    put(at, m->code, 4);
    if (version < ROUTES_SAY_WHEN)
        return;
    put(at, (uint64_t)m->ended_s, 8);
    put_text(at, m->bytes);
    put_text(at, m->why);
}

size_t wire_encode(uint8_t packet[WIRE_PACKET_MAX], const struct wire_message *m, uint32_t version)
{
    uint8_t *at = packet;

    if (m->kind >= WIRE_TEXT && version < TEXTS_SINCE)
        return 0;
    put(&at, m->kind, 1);
    switch (m->kind) {
    case WIRE_HELLO:
        put(&at, m->version, 4);
        break;
    case WIRE_SETTING:
        put(&at, m->setting, 2);
        put(&at, (uint64_t)m->value, 8);
        break;
    case WIRE_ROUTE:
        put_route(&at, m, version);
        break;
    case WIRE_SYNCED:
        break;
    case WIRE_WAKE:
    case WIRE_UNREACHABLE:
        put_name(&at, m->name);
        break;
    case WIRE_ACTIVITY:
        put_name(&at, m->name);
        put(&at, m->input_ms, 4);
        put(&at, m->any_ms, 4);
        break;
    case WIRE_TEXT:
        put(&at, m->text, 2);
        put_text(&at, m->bytes);
        break;
    case WIRE_PROXIES:
        put_proxies(&at, &m->proxies);
        break;
    }
    return (size_t)(at - packet);
}

static uint64_t take(struct reader *r, size_t bytes)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < bytes) {
        r->failed = true;
        return 0;
    }
    while (bytes--)
        value = value << 8 | *r->at++;
    return value;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static void take_name(struct reader *r, char name[WIRE_NAME_MAX + 1])
{
    size_t len = take(r, 1);

    if (len < 1 || len > WIRE_NAME_MAX || (size_t)(r->end - r->at) < len) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i++)
        r->failed |= !is_name_byte(r->at[i]);
    memcpy(name, r->at, len);
    r->at += len;
}

bool wire_text_is_plain(const char *text)
{
    static const char others[] = "-._~:/?#[]@!$&'()*+,;=%";

    while ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
           (*text && strchr(others, *text)))
        text++;
    return !*text;
}

/* `most`: without the NUL that it then has. */
static void take_bytes(struct reader *r, char *text, size_t most)
{
    size_t len = take(r, 2);

    if (len > most || (size_t)(r->end - r->at) < len) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i++)
        r->failed |= r->at[i] < 0x20 || r->at[i] == 0x7f;
    memcpy(text, r->at, len);
    r->at += len;
}

static void take_text(struct reader *r, char text[WIRE_TEXT_MAX + 1])
{
    take_bytes(r, text, WIRE_TEXT_MAX);
    r->failed |= !wire_text_is_plain(text);
}

static void take_proxies(struct reader *r, struct wire_proxies *p)
{
    uint64_t unix_peers = take(r, 1), count = take(r, 1);

    r->failed |= unix_peers > 1 || count > WIRE_PROXIES_MAX;
    if (r->failed)
        return;
    p->unix_peers = unix_peers;
    p->count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        uint8_t address[16], bits;

        for (size_t j = 0; j < sizeof address; j++)
            address[j] = (uint8_t)take(r, 1);
        bits = (uint8_t)take(r, 1);
        if (r->failed || bits > 128) {
            r->failed = true;
            return;
        }
        p->list[i] = network_of(address, bits);
        r->failed |= memcmp(p->list[i].address, address, sizeof address) != 0;
    }
}

static void take_route(struct reader *r, struct wire_message *out)
{
    take_name(r, out->name);
    out->route = (enum wire_route)take(r, 1);
    switch (out->route) {
    case WIRE_ROUTE_OPEN:
        for (size_t i = 0; i < sizeof out->address; i++)
            out->address[i] = (uint8_t)take(r, 1);
        out->port = (uint16_t)take(r, 2);
        r->failed |= !out->port;
        return;
    case WIRE_ROUTE_CLOSED:
        out->code = (uint32_t)take(r, 4);
        if (r->version < ROUTES_SAY_WHEN)
            return;
        out->ended_s = (int64_t)take(r, 8);
        take_text(r, out->bytes);
        take_bytes(r, out->why, WIRE_WHY_MAX);
        return;
    case WIRE_ROUTE_HELD:
    case WIRE_ROUTE_FORGOTTEN:
        return;
    }
    r->failed = true;
}

static void take_fields(struct reader *r, struct wire_message *out)
{
    switch (out->kind) {
    case WIRE_HELLO:
        out->version = (uint32_t)take(r, 4);
        return;
    case WIRE_SETTING:
        out->setting = (uint16_t)take(r, 2);
        out->value = (int64_t)take(r, 8);
        return;
    case WIRE_ROUTE:
        take_route(r, out);
        return;
    case WIRE_SYNCED:
        return;
    case WIRE_WAKE:
    case WIRE_UNREACHABLE:
        take_name(r, out->name);
        return;
    case WIRE_ACTIVITY:
        take_name(r, out->name);
        out->input_ms = (uint32_t)take(r, 4);
        out->any_ms = (uint32_t)take(r, 4);
        return;
    case WIRE_TEXT:
        out->text = (uint16_t)take(r, 2);
        take_text(r, out->bytes);
        r->failed |= r->version < TEXTS_SINCE;
        return;
    case WIRE_PROXIES:
        take_proxies(r, &out->proxies);
        r->failed |= r->version < TEXTS_SINCE;
        return;
    }
    r->failed = true;
}

uint32_t wire_version(uint32_t theirs)
{
    if (theirs > WIRE_VERSION)
        return theirs == WIRE_VERSION + 1 ? WIRE_VERSION : 0;
    return theirs && theirs + 1 >= WIRE_VERSION ? theirs : 0;
}

int wire_decode(struct wire_message *out, const uint8_t *packet, size_t len, uint32_t version, struct err *e)
{
    struct reader r = {packet, packet + len, version, false};

    *out = (struct wire_message){0};
    out->kind = (enum wire_kind)take(&r, 1);
    take_fields(&r, out);
    if (r.failed)
        return err_set(e, ERR_WIRE_MALFORMED, "a packet of kind %d and %zu bytes", (int)out->kind, len);
    if (r.at != r.end)
        return err_set(e, ERR_WIRE_MALFORMED, "%td bytes after a packet of kind %d", r.end - r.at, (int)out->kind);
    return 0;
}

void wire_settings_start(int64_t settings[WIRE_SETTINGS])
{
    memset(settings, 0, WIRE_SETTINGS * sizeof settings[0]);
#define SETTING(symbol, number, value, least, most) settings[number] = value;
#include "wire/settings.def"
#undef SETTING
}

bool wire_settings_take(int64_t settings[WIRE_SETTINGS], const struct wire_message *m)
{
    static const struct {
        int64_t least, most;
    } range[WIRE_SETTINGS] = {
#define SETTING(symbol, number, value, least, most) [number] = {least, most},
#include "wire/settings.def"
#undef SETTING
    };

    if (m->setting == 0 || m->setting >= WIRE_SETTINGS)
        return false;
    if (m->value < range[m->setting].least || m->value > range[m->setting].most)
        return false;
    settings[m->setting] = m->value;
    return true;
}

bool wire_permitted(enum wire_kind kind, bool greeted)
{
    switch (kind) {
    case WIRE_HELLO:
        return !greeted;
    case WIRE_WAKE:
    case WIRE_ACTIVITY:
    case WIRE_UNREACHABLE:
        return greeted;
    case WIRE_SETTING:
    case WIRE_ROUTE:
    case WIRE_SYNCED:
    case WIRE_TEXT:
    case WIRE_PROXIES:
        return false;
    }
    return false;
}
