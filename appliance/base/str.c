/* Strings: comparing, slicing, numbers with limits. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/str.h"

#include <stdio.h>
#include <strings.h>

bool slice_is(struct slice s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

bool slice_is_nocase(struct slice s, const char *text)
{
    return strlen(text) == s.len && strncasecmp(s.at, text, s.len) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct slice slice_cut(struct slice *rest, char separator)
{
    const char *found = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
    struct slice before = *rest;

    if (!found) {
        rest->at += rest->len;
        rest->len = 0;
        return before;
    }
    before.len = (size_t)(found - rest->at);
    rest->at += before.len + 1;
    rest->len -= before.len + 1;
    return before;
}

bool str_ends(const char *text, const char *with)
{
    size_t len = strlen(text), tail = strlen(with);

    return len >= tail && memcmp(text + len - tail, with, tail) == 0;
}

bool str_copy(char *to, size_t room, const char *text)
{
    size_t len = strlen(text);
    bool fits = len < room;

    if (!fits)
        len = room - 1;
    memcpy(to, text, len);
    to[len] = '\0';
    return fits;
}

bool str_number(uint64_t *out, struct slice digits, uint64_t max)
{
    uint64_t value = 0;

    if (!digits.len)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(digits.at[i] - '0');

        if (digit > 9 || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool str_unhex(uint8_t *out, size_t len, struct slice hex)
{
    if (hex.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex.at[2 * i]), low = hex_digit(hex.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void str_hex(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}
