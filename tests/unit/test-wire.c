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

    if (wire_decode(&back, packet, wire_encode(packet, m), &e) < 0)
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
    ok(comes_back(m), "a closed route keeps its code");
    m->code = 0;
    m->route = WIRE_ROUTE_HELD;
    ok(comes_back(m), "a route can be held");
    m->route = WIRE_ROUTE_FORGOTTEN;
    ok(comes_back(m), "and forgotten");
    ok(comes_back(message(WIRE_SYNCED, "")), "synced has no fields");
    ok(comes_back(message(WIRE_WAKE, "n")), "wake keeps its name");
    ok(comes_back(message(WIRE_UNREACHABLE, "n")), "unreachable keeps its name");
    m = message(WIRE_ACTIVITY, "0123456789012345678901234567890123456789012345678901234567890123");
    m->input_ms = UINT32_MAX;
    m->any_ms = 1;
    ok(comes_back(m), "activity keeps both ages, and a name may have 64 bytes");
}

static void refuses(const char *packet, size_t len, const char *sentence)
{
    struct wire_message m;
    struct err e;

    ok(wire_decode(&m, (const uint8_t *)packet, len, &e) < 0 && e.code == ERR_WIRE_MALFORMED, "%s", sentence);
}

#define REFUSES(packet, sentence) refuses(packet, sizeof packet - 1, sentence)

static void malformed(void)
{
    char long_name[80] = "\x05\x41";

    REFUSES("", "an empty packet is refused");
    REFUSES("\x00", "kind 0 is refused");
    REFUSES("\x08", "and an unknown kind");
    REFUSES("\x01\0\0\0", "a hello that is cut off");
    REFUSES("\x01\0\0\0\1\0", "a hello with a byte behind it");
    REFUSES("\x02\0\1\0\0\0\0\0\0\0", "a setting that is cut off");
    REFUSES("\x03\1a", "a route without its state");
    REFUSES("\x03\1a\x00", "a route with state 0");
    REFUSES("\x03\1a\x05", "a route with an unknown state");
    REFUSES("\x03\1a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0", "an open route whose port is cut off");
    REFUSES("\x03\1a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0", "an open route with port 0");
    REFUSES("\x03\1a\x03\0\0\0", "a closed route whose code is cut off");
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
    ok(!wire_permitted(WIRE_ROUTE, true) && !wire_permitted(WIRE_SETTING, true) && !wire_permitted(WIRE_SYNCED, true),
       "the gateway may not say what is the daemon's to say");
    ok(!wire_permitted((enum wire_kind)99, true), "nor what does not exist");
}

int main(void)
{
    round_trips();
    malformed();
    settings();
    permission();
    return tap_end();
}
