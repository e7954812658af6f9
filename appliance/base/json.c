/* Writing JSON strings; reading is jansson's. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/json.h"

#include <stdint.h>

#include "base/unicode.h"

static bool json_add_char(struct buf *b, uint32_t c)
{
    static const char short_form[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};

    if (c < sizeof short_form && short_form[c])
        return buf_add_format(b, "\\%c", short_form[c]);
    if (c >= 0x20 && c < 0x7f)
        return buf_add_char(b, (char)c);
    if (c < 0x10000)
        return buf_add_format(b, "\\u%04x", c);
    c -= 0x10000;
    return buf_add_format(b, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

bool json_add_string(struct buf *b, const char *bytes, size_t len)
{
    size_t at = 0;

    buf_add_char(b, '"');
    while (at < len && !b->full) {
        uint32_t c;

        at += unicode_next(&c, bytes + at, len - at);
        json_add_char(b, c);
    }
    return buf_add_char(b, '"');
}
