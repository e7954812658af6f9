/* Percent-encoding and the parts of a URL. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/url.h"

#include <ctype.h>

bool url_encode(struct buf *out, struct slice text, const char *safe)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c < 0x80 && (isalnum(c) || (c && strchr(safe, c))))
            buf_add_char(out, (char)c);
        else
            buf_add_format(out, "%%%02X", c);
    }
    return !out->full;
}

static bool decode(struct buf *out, struct slice text, bool plus_is_blank)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        uint8_t byte;

        if (c == '+' && plus_is_blank) {
            buf_add_char(out, ' ');
            continue;
        }
        if (c != '%') {
            buf_add_char(out, c);
            continue;
        }
        if (text.len - i < 3 || !str_unhex(&byte, 1, (struct slice){text.at + i + 1, 2}) || !byte)
            return false;
        buf_add_char(out, (char)byte);
        i += 2;
    }
    return !out->full;
}

bool url_decode(struct buf *out, struct slice text)
{
    return decode(out, text, false);
}

bool url_query_value(struct buf *out, struct slice query, const char *name)
{
    while (query.len) {
        struct slice value = slice_cut(&query, '&');
        struct slice key = slice_cut(&value, '=');

        if (slice_is(key, name))
            return decode(out, value, true);
    }
    return false;
}
