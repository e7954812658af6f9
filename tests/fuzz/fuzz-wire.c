/* Feeds packets of control.sock to their reader; what it takes must be written again as the same bytes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_as(const uint8_t *bytes, size_t len, uint32_t version)
{
    uint8_t again[WIRE_PACKET_MAX];
    int64_t settings[WIRE_SETTINGS];
    struct wire_message m;
    struct err e;

    if (wire_decode(&m, bytes, len, version, &e) < 0)
        return;
    if (wire_encode(again, &m, version) != len || memcmp(again, bytes, len) != 0)
        abort();
    wire_settings_start(settings);
    wire_settings_take(settings, &m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    read_as(bytes, len, WIRE_VERSION);
    read_as(bytes, len, WIRE_VERSION - 1);
    return 0;
}
