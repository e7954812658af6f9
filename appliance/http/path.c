/* Paths of requests that everybody reads alike. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/path.h"

static bool has_escape(struct slice s, size_t at, uint8_t *byte)
{
    return s.len - at >= 3 && str_unhex(byte, 1, (struct slice){s.at + at + 1, 2});
}

/* The character at `at` with every layer of escapes taken off; how many bytes it takes is added to *at. */
static bool next_plain(struct slice s, size_t *at, char *out)
{
    uint8_t byte;

    if (s.at[*at] != '%') {
        *out = s.at[(*at)++];
        return true;
    }
    if (!has_escape(s, *at, &byte) || !byte)
        return false;
    /* "%252e": behind the escaped '%' stand two digits that the next reader may take for an escape. */
    while (byte == '%' && s.len - *at >= 5 && str_unhex(&byte, 1, (struct slice){s.at + *at + 3, 2}))
        *at += 2;
    *out = (char)byte;
    *at += 3;
    return true;
}

bool http_path_is_plain(struct slice path)
{
    size_t dots = 0, at = 0;
    bool only_dots = true, parameters = false;

    if (!memchr(path.at, '%', path.len) && !memchr(path.at, '.', path.len))
        return true;
    while (at < path.len) {
        char c;

        if (!next_plain(path, &at, &c))
            return false;
        if (c == '/' || c == '\\') {
            if (only_dots && (dots == 1 || dots == 2))
                return false;
            dots = 0;
            only_dots = true;
            parameters = false;
        } else if (c == ';') {
            parameters = true;
        } else if (c == '.' && !parameters) {
            dots++;
        } else if (!parameters) {
            only_dots = false;
        }
    }
    return !(only_dots && (dots == 1 || dots == 2));
}
