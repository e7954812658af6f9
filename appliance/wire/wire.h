/* What ringbinder-gateway and ringbinderd say to each other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What ringbinder-gateway and ringbinderd say to each other: one message a packet on control.sock (SOCK_SEQPACKET).
 * The daemon's messages set a whole thing; the gateway's are hints that the daemon checks against what it knows, so
 * that a stale one does no harm. Pure, fuzzed; from the gateway: hostile.
 *
 *     gateway: HELLO      daemon: HELLO, SETTING..., ROUTE..., SYNCED (the gateway forgets what was not repeated)
 *     then at any time    gateway: WAKE, ACTIVITY, UNREACHABLE        daemon: ROUTE, SETTING
 */
#define WIRE_VERSION 1       /* each side also speaks the version before */
#define WIRE_PACKET_MAX 1024 /* bytes */
#define WIRE_NAME_MAX 64     /* of a session, without its NUL: letters, digits, "-._~" */

enum wire_kind { WIRE_HELLO = 1, WIRE_SETTING, WIRE_ROUTE, WIRE_SYNCED, WIRE_WAKE, WIRE_ACTIVITY, WIRE_UNREACHABLE };

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

struct wire_message {
    enum wire_kind kind;
    char name[WIRE_NAME_MAX + 1]; /* ROUTE, WAKE, ACTIVITY, UNREACHABLE */
    enum wire_route route;
    uint32_t code;             /* ROUTE_CLOSED: of codes.def */
    uint8_t address[16];       /* ROUTE_OPEN: network order, IPv4 mapped into IPv6 */
    uint16_t port;             /* ROUTE_OPEN: host order */
    uint32_t input_ms, any_ms; /* ACTIVITY: ages (decisions 5); UINT32_MAX: none since the route was set */
    uint32_t version;          /* HELLO */
    uint16_t setting;          /* SETTING: an enum wire_setting; certificates come as descriptors beside it */
    int64_t value;
};

/* Writes the fields of m->kind; returns the packet's length. */
size_t wire_encode(uint8_t packet[WIRE_PACKET_MAX], const struct wire_message *m);

/* Exactly one message and nothing after it; fields of other kinds are zero. Errors: ERR_WIRE_MALFORMED. */
int wire_decode(struct wire_message *out, const uint8_t *packet, size_t len, struct err *e) ERR_CHECKED;

/* Sets every setting to what holds until the daemon says otherwise; [0] is unused. */
void wire_settings_start(int64_t settings[WIRE_SETTINGS]);

/* Takes a SETTING over. False, nothing changed, for a number of a later version or a value out of its range. */
bool wire_settings_take(int64_t settings[WIRE_SETTINGS], const struct wire_message *m);

/* Whether the gateway may say `kind` now; all else closes the connection and is a line in the journal. */
bool wire_permitted(enum wire_kind kind, bool greeted);

#endif
