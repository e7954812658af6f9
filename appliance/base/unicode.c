/* Reading UTF-8 that may be anything. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/unicode.h"

static size_t unicode_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

size_t unicode_next(uint32_t *out, const char *bytes, size_t len)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)bytes[0];
    size_t need = unicode_length(first);
    uint32_t c = need > 1 ? first & (0x7fu >> need) : first;

    *out = UNICODE_REPLACEMENT;
    if (!need || need > len)
        return 1;
    for (size_t i = 1; i < need; i++) {
        unsigned char next = (unsigned char)bytes[i];

        if ((next & 0xc0) != 0x80)
            return 1;
        c = c << 6 | (next & 0x3f);
    }
    if (c < smallest[need] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 1;
    *out = c;
    return need;
}
