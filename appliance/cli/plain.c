/* Text of strangers on a terminal: what would move the cursor or change the screen is shown, not done. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/plain.h"

#include "base/mem.h"
#include "base/unicode.h"

#define DOTS "..."

/* Of the general categories Cc, Cf and Zl, Zp what terminals act on: Unicode 15, tables 23-2 and 23-3. */
static bool is_seen(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } unseen[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };

    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return false;
    return true;
}

static void add_escape(struct buf *out, uint32_t c)
{
    static const char names[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
    const char *name = c && c < 0x20 ? strchr(names, (int)c) : NULL;

    if (name)
        buf_add_format(out, "\\%c", letters[name - names]);
    else if (c < 0x80)
        buf_add_format(out, "\\x%02x", (unsigned)c);
    else
        buf_add_format(out, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
}

bool plain_add(struct buf *out, struct slice text, bool lines)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t c;
        size_t len = unicode_next(&c, text.at + i, text.len - i);

        if (c == UNICODE_REPLACEMENT && len == 1)
            buf_add_format(out, "\\x%02x", (unsigned char)text.at[i]);
        else if (is_seen(c) || (lines && (c == '\n' || c == '\t')))
            buf_add(out, text.at + i, len);
        else
            add_escape(out, c);
        i += len;
    }
    return !out->full;
}

/* A byte that continues a character of UTF-8 is 10xxxxxx. */
static bool begins(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t plain_width(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += begins(*text);
    return width;
}

char *plain_cut(const char *text, size_t width)
{
    size_t dots = width < strlen(DOTS) ? width : strlen(DOTS), keep = width - dots, len = 0;

    if (plain_width(text) <= width)
        return mem_string(text);
    while (keep || !begins(text[len])) {
        keep -= begins(text[len]);
        len++;
    }
    return mem_format("%.*s%.*s", (int)len, text, (int)dots, DOTS);
}
