/* What gateway and daemon can say to each other, and that nothing else is understood. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/wire.h"

#include <string.h>

#include "tap.h"

static bool comes_back(const struct wire_message *m)
{
    uint8_t packet[WIRE_PACKET_MAX];
    struct wire_message back;
    struct err e;

    if (wire_decode(&back, packet, wire_encode(packet, m, WIRE_VERSION), WIRE_VERSION, &e) < 0)
        return false;
    return memcmp(&back, m, sizeof back) == 0;
}

/* Zeroed with its padding, so that two messages can be compared as bytes. */
static struct wire_message *message(enum wire_kind kind, const char *name)
{
    static struct wire_message m;

    memset(&m, 0, sizeof m);
    m.kind = kind;
    memcpy(m.name, name, strlen(name));
    return &m;
}

static void round_trips(void)
{
    struct wire_message *m = message(WIRE_HELLO, "");

    m->version = 0xfedcba98;
    ok(comes_back(m), "a hello keeps its version");
    m = message(WIRE_SETTING, "");
    m->setting = WIRE_SETTING_HEAD_MAX;
    m->value = INT64_MIN;
    ok(comes_back(m), "a setting keeps its number and its value, also a negative one");
    m = message(WIRE_ROUTE, "a-b.c_d~9");
    m->route = WIRE_ROUTE_OPEN;
    memcpy(m->address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    m->port = 65535;
    ok(comes_back(m), "an open route keeps its name, address and port");
    m = message(WIRE_ROUTE, "n");
    m->route = WIRE_ROUTE_CLOSED;
    m->code = 1600;
    m->ended_s = 1795525200;
    memcpy(m->bytes, "v2/gh/a/b/HEAD?x=%20", 20);
    memcpy(m->why, "nobody \xc3\xa9", 9);
    ok(comes_back(m), "a closed route keeps its code, when and why it ended and how to go on");
    memset(m->why, 0, 9);
    m->code = 0;
    m->ended_s = 0;
    memset(m->bytes, 0, 20);
    m->route = WIRE_ROUTE_HELD;
    ok(comes_back(m), "a route can be held");
    m->route = WIRE_ROUTE_FORGOTTEN;
    ok(comes_back(m), "and forgotten");
    ok(comes_back(message(WIRE_SYNCED, "")), "synced has no fields");
    ok(comes_back(message(WIRE_WAKE, "n")), "wake keeps its name");
    ok(comes_back(message(WIRE_UNREACHABLE, "n")), "unreachable keeps its name");
    m = message(WIRE_TEXT, "");
    m->text = WIRE_TEXT_PORTAL_URL;
    memset(m->bytes, 'a', WIRE_TEXT_MAX);
    ok(comes_back(m), "a text keeps its number, and may have 512 bytes");
    m = message(WIRE_PROXIES, "");
    ok(comes_back(m), "nobody is trusted");
    m->proxies.unix_peers = true;
    m->proxies.count = WIRE_PROXIES_MAX;
    for (int i = 0; i < WIRE_PROXIES_MAX; i++)
        m->proxies.list[i] = (struct network){{1, 2, (uint8_t)i}, 24};
    ok(comes_back(m), "or 32 networks and who comes over a unix socket");
    m = message(WIRE_ACTIVITY, "0123456789012345678901234567890123456789012345678901234567890123");
    m->input_ms = UINT32_MAX;
    m->any_ms = 1;
    ok(comes_back(m), "activity keeps both ages, and a name may have 64 bytes");
}

static void refuses(const char *packet, size_t len, const char *sentence)
{
    struct wire_message m;
    struct err e;

    ok(wire_decode(&m, (const uint8_t *)packet, len, WIRE_VERSION, &e) < 0 && e.code == ERR_WIRE_MALFORMED, "%s",
       sentence);
}

#define REFUSES(packet, sentence) refuses(packet, sizeof packet - 1, sentence)

static void malformed(void)
{
    char long_name[80] = "\x05\x41";

    REFUSES("", "an empty packet is refused");
    REFUSES("\x00", "kind 0 is refused");
    REFUSES("\x0a", "and an unknown kind");
    REFUSES("\x01\0\0\0", "a hello that is cut off");
    REFUSES("\x01\0\0\0\1\0", "a hello with a byte behind it");
    REFUSES("\x02\0\1\0\0\0\0\0\0\0", "a setting that is cut off");
    REFUSES("\x03\1a", "a route without its state");
    REFUSES("\x03\1a\x00", "a route with state 0");
    REFUSES("\x03\1a\x05", "a route with an unknown state");
    REFUSES("\x03\1a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0", "an open route whose port is cut off");
    REFUSES("\x03\1a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0", "an open route with port 0");
    REFUSES("\x03\1a\x03\0\0\0", "a closed route whose code is cut off");
    REFUSES("\x03\1a\x03\0\0\0\1", "and one without its time");
    REFUSES("\x03\1a\x03\0\0\0\1\0\0\0\0\0\0\0\0\0\2x", "and one whose link is cut off");
    REFUSES("\x03\1a\x03\0\0\0\1\0\0\0\0\0\0\0\0\0\1\"\0\0", "a link with a quote");
    REFUSES("\x03\1a\x03\0\0\0\1\0\0\0\0\0\0\0\0\0\0", "and one without its why");
    REFUSES("\x03\1a\x03\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\n", "a why of two lines");
    REFUSES("\x03\1a\x03\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\xf1", "a why of more than 240 bytes");
    REFUSES("\x08\0\1\0\1 ", "a text with a blank");
    REFUSES("\x08\0\1\0\1\0", "a text with a NUL");
    REFUSES("\x08\0\1\2\1", "a text of more than 512 bytes");
    REFUSES("\x09\2\0", "proxies with a word that is neither yes nor no");
    REFUSES("\x09\0\1", "proxies that are cut off");
    REFUSES("\x09\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x81", "a network of 129 bits");
    REFUSES("\x09\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x08", "a network with bits behind its own");
    REFUSES("\x09\0\x21", "33 networks");
    REFUSES("\x03\1a\x02x", "a held route with a byte behind it");
    REFUSES("\x04x", "synced with a byte behind it");
    REFUSES("\x05", "wake without a name");
    REFUSES("\x05\0", "a name without a byte");
    REFUSES("\x05\2a", "a name that is cut off");
    REFUSES("\x05\3a/b", "a name with a slash");
    REFUSES("\x05\2a\0", "a name with a NUL");
    REFUSES("\x05\2a\x80", "a name with a byte above ASCII");
    REFUSES("\x06\1a\0\0\0\1\0\0\0", "activity whose second age is cut off");
    REFUSES("\x07\1a\1", "unreachable with a byte behind it");
    memset(long_name + 2, 'a', 65);
    refuses(long_name, 67, "a name of 65 bytes");
}

static void version_one(void)
{
    static const uint8_t closed[] = {WIRE_ROUTE, 1, 'a', WIRE_ROUTE_CLOSED, 0, 0, 6, 0x49};
    uint8_t packet[WIRE_PACKET_MAX];
    struct wire_message m = {.kind = WIRE_ROUTE, .name = "a", .route = WIRE_ROUTE_CLOSED, .code = 1609, .ended_s = 5};
    struct err e;

    ok(wire_encode(packet, &m, 1) == sizeof closed && memcmp(packet, closed, sizeof closed) == 0,
       "version 1 hears of a closed route what it knows");
    ok(wire_decode(&m, closed, sizeof closed, 1, &e) == 0 && m.code == 1609 && !m.ended_s, "and says it the same way");
    m = (struct wire_message){.kind = WIRE_TEXT, .text = WIRE_TEXT_PORTAL_URL};
    is_number(wire_encode(packet, &m, 1), 0, "it is told no texts");
    ok(wire_decode(&m, packet, wire_encode(packet, &m, 2), 1, &e) < 0, "and understands none");
    m = (struct wire_message){.kind = WIRE_PROXIES};
    is_number(wire_encode(packet, &m, 1), 0, "nor proxies");
    is_number(wire_version(1), 1, "with the version before the older one is spoken");
    is_number(wire_version(WIRE_VERSION + 1), WIRE_VERSION, "with the version to come ours is");
    ok(!wire_version(0) && !wire_version(WIRE_VERSION + 2) && !wire_version(UINT32_MAX), "others are too far away");
}

static void settings(void)
{
    int64_t set[WIRE_SETTINGS];
    struct wire_message m = {.kind = WIRE_SETTING, .setting = WIRE_SETTING_PORTAL_BODY_MAX, .value = 5};

    wire_settings_start(set);
    is_number(set[WIRE_SETTING_SESSION_BODY_MAX], 64000000, "at first the contract's limits hold");
    ok(wire_settings_take(set, &m) && set[WIRE_SETTING_PORTAL_BODY_MAX] == 5, "a setting is taken over");
    m.value = -1;
    ok(!wire_settings_take(set, &m) && set[WIRE_SETTING_PORTAL_BODY_MAX] == 5, "a value out of its range is not");
    m = (struct wire_message){.kind = WIRE_SETTING, .setting = WIRE_SETTINGS, .value = 5};
    ok(!wire_settings_take(set, &m), "a number of a later version is left out");
    m.setting = 0;
    ok(!wire_settings_take(set, &m), "number 0 is none");
}

static void permission(void)
{
    ok(wire_permitted(WIRE_HELLO, false) && !wire_permitted(WIRE_HELLO, true), "the gateway greets once, first");
    ok(!wire_permitted(WIRE_WAKE, false) && wire_permitted(WIRE_WAKE, true), "hints come after the greeting");
    ok(!wire_permitted(WIRE_ROUTE, true) && !wire_permitted(WIRE_SETTING, true) && !wire_permitted(WIRE_SYNCED, true) &&
           !wire_permitted(WIRE_TEXT, true) && !wire_permitted(WIRE_PROXIES, true),
       "the gateway may not say what is the daemon's to say");
    ok(!wire_permitted((enum wire_kind)99, true), "nor what does not exist");
}

int main(void)
{
    round_trips();
    malformed();
    version_one();
    settings();
    permission();
    return tap_end();
}
