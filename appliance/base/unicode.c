/* Reading UTF-8 that may be anything. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/unicode.h"

#include <string.h>

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

/* A terminal's sequence (ECMA-48, 5.4: parameters, then one final byte) at the beginning; 0: there is none. */
static size_t sequence_length(struct slice text)
{
    size_t len = 2;

    if (text.len < 3 || text.at[0] != 0x1b || text.at[1] != '[')
        return 0;
    while (len < text.len && !(text.at[len] >= 0x40 && text.at[len] <= 0x7e))
        len++;
    return len + (len < text.len);
}

void unicode_sentence(char *out, size_t room, struct slice text)
{
    size_t len = 0, took;
    uint32_t c;

    for (text = slice_trim(text); text.len; text = slice_from(text, took)) {
        took = sequence_length(text);
        if (took)
            continue;
        took = unicode_next(&c, text.at, text.len);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c == UNICODE_REPLACEMENT && took == 1))
            continue;
        if (len + took >= room)
            break;
        memcpy(out + len, text.at, took);
        len += took;
    }
    out[len] = '\0';
}
