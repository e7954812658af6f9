/* What ringbinder-gateway and ringbinderd say to each other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/network.h"

/*
 * What ringbinder-gateway and ringbinderd say to each other: one message a packet on control.sock (SOCK_SEQPACKET).
 * The daemon's messages set a whole thing; the gateway's are hints that the daemon checks against what it knows, so
 * that a stale one does no harm. Pure, fuzzed; from the gateway: hostile.
 *
 *     gateway: HELLO      daemon: HELLO, SETTING..., TEXT..., PROXIES, ROUTE..., SYNCED (the gateway forgets the routes
 *                                 that were not repeated)
 *     then at any time    gateway: WAKE, ACTIVITY, UNREACHABLE        daemon: ROUTE, SETTING, TEXT, PROXIES
 *
 * Each side says its own version in its hello and from then on speaks the older one of the two. Version 1 has neither
 * TEXT nor PROXIES, and a closed route has its code only.
 */
#define WIRE_VERSION 2       /* each side also speaks the version before */
#define WIRE_PACKET_MAX 1024 /* bytes */
#define WIRE_NAME_MAX 64     /* of a session, without its NUL: letters, digits, "-._~" */
#define WIRE_TEXT_MAX 512    /* bytes of a text, without its NUL: what may stand in a URL */
#define WIRE_WHY_MAX 240     /* bytes of a sentence, without its NUL: UTF-8 without control characters */
#define WIRE_PROXIES_MAX 32

enum wire_kind {
    WIRE_HELLO = 1,
    WIRE_SETTING,
    WIRE_ROUTE,
    WIRE_SYNCED,
    WIRE_WAKE,
    WIRE_ACTIVITY,
    WIRE_UNREACHABLE,
    WIRE_TEXT,
    WIRE_PROXIES,
};

enum wire_route {
    WIRE_ROUTE_OPEN = 1,  /* relay to the address */
    WIRE_ROUTE_HELD,      /* park humans and say WAKE once; polls get 504 */
    WIRE_ROUTE_CLOSED,    /* the daemon's page for `code` */
    WIRE_ROUTE_FORGOTTEN, /* as if it had never been */
};

enum wire_setting {
#define SETTING(symbol, number, value, least, most) WIRE_SETTING_##symbol = number,
#include "wire/settings.def"
#undef SETTING
    WIRE_SETTINGS /* one more than the largest number */
};

/* What the gateway cannot know by itself; numbers are never used again. */
enum wire_text {
    WIRE_TEXT_PORTAL_URL = 1, /* the portal's, with a '/' at its end: where links on the gateway's pages lead */
    WIRE_TEXTS
};

/* Whose word about a client is believed (X-Forwarded-For and the like). */
struct wire_proxies {
    bool unix_peers; /* who comes over a unix socket */
    uint8_t count;
    struct network list[WIRE_PROXIES_MAX];
};

struct wire_message {
    enum wire_kind kind;
    char name[WIRE_NAME_MAX + 1]; /* ROUTE, WAKE, ACTIVITY, UNREACHABLE */
    enum wire_route route;
    uint32_t code;             /* ROUTE_CLOSED: of codes.def */
    int64_t ended_s;           /* ROUTE_CLOSED: UTC in seconds since 1970; 0: not known */
    uint8_t address[16];       /* ROUTE_OPEN: network order, IPv4 mapped into IPv6 */
    uint16_t port;             /* ROUTE_OPEN: host order */
    uint32_t input_ms, any_ms; /* ACTIVITY: ages (decisions 5); UINT32_MAX: none since the route was set */
    uint32_t version;          /* HELLO */
    uint16_t setting;          /* SETTING: an enum wire_setting; certificates come as descriptors beside it */
    int64_t value;
    uint16_t text;                 /* TEXT: an enum wire_text */
    char bytes[WIRE_TEXT_MAX + 1]; /* TEXT; ROUTE_CLOSED: path below the portal's URL that launches it again, or "" */
    char why[WIRE_WHY_MAX + 1];    /* ROUTE_CLOSED: what is said instead of the code's sentence, or "" */
    struct wire_proxies proxies;   /* PROXIES: all of them */
};

/* Writes the fields of m->kind as `version` has them; returns the packet's length, 0: that version has no such kind. */
size_t wire_encode(uint8_t packet[WIRE_PACKET_MAX], const struct wire_message *m, uint32_t version);

/* Exactly one message of `version` and nothing after it; fields of other kinds are zero. A HELLO is the same in all
 * versions. Errors: ERR_WIRE_MALFORMED. */
int wire_decode(struct wire_message *out, const uint8_t *packet, size_t len, uint32_t version,
                struct err *e) ERR_CHECKED;

/* What is spoken with a side that says `theirs` in its hello; 0: nothing, it is too far away. */
uint32_t wire_version(uint32_t theirs);

/* Whether every byte of it may stand in a URL, so that it can go into a page or a head. */
bool wire_text_is_plain(const char *text);

/* Sets every setting to what holds until the daemon says otherwise; [0] is unused. */
void wire_settings_start(int64_t settings[WIRE_SETTINGS]);

/* Takes a SETTING over. False, nothing changed, for a number of a later version or a value out of its range. */
bool wire_settings_take(int64_t settings[WIRE_SETTINGS], const struct wire_message *m);

/* Whether the gateway may say `kind` now; all else closes the connection and is a line in the journal. */
bool wire_permitted(enum wire_kind kind, bool greeted);

#endif
