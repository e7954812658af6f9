/* Fuzzes the frames of fetch.sock: what is read can be written, and reads the same again. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *at = (const char *)bytes;

    while (len) {
        cleanup_buf struct buf again = BUF_OF(WIRE_FETCH_HEAD + WIRE_FETCH_PAYLOAD_MAX);
        struct wire_fetch_message m;
        struct err e;
        ssize_t taken = wire_fetch_decode(&m, at, len, &e);

        if (taken <= 0)
            return 0;
        if ((size_t)taken > len)
            abort();
        if (!m.version || m.version == WIRE_FETCH_VERSION) {
            if (!wire_fetch_encode(&again, &m) || again.len != (size_t)taken)
                abort();
            if (m.code != ERR_INTERNAL && memcmp(again.bytes, at, again.len) != 0)
                abort();
        }
        at += taken;
        len -= (size_t)taken;
    }
    return 0;
}
