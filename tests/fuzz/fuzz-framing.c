/* Holds the scanner of chunked bodies, which sees bytes as they come, to a reader of whole bodies, line by line. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BODY_MAX 4000
#define LINE_MAX_COMPARED 200 /* longer ones come near the scanner's own limits */
#define MALFORMED (-1)
#define UNFINISHED (-2)

static const char *const digits = "0123456789abcdefABCDEF";

static void hold(bool holds)
{
    if (!holds)
        abort();
}

/* Cuts the next line off, without its CR LF. False: it is not all there. */
static bool next_line(struct slice *rest, struct slice *line)
{
    const char *end = memmem(rest->at, rest->len, "\r\n", 2);

    if (!end)
        return false;
    *line = (struct slice){rest->at, (size_t)(end - rest->at)};
    *rest = (struct slice){end + 2, rest->len - line->len - 2};
    return true;
}

static bool has_controls(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.at[i] < ' ' && s.at[i] != '\t') || s.at[i] == 0x7f)
            return true;
    return false;
}

/* Bytes at the front that are among `set`. */
static size_t span(struct slice s, const char *set)
{
    size_t n = 0;

    while (n < s.len && s.at[n] && strchr(set, s.at[n]))
        n++;
    return n;
}

static bool read_size(struct slice line, int64_t *size)
{
    size_t n = span(line, digits), zeros = span(line, "0");
    char number[17] = "";

    if (!n || (n < line.len && line.at[n] != ';') || has_controls(line) || n - zeros > 16)
        return false;
    memcpy(number, line.at + zeros, n - zeros);
    if (strtoull(number, NULL, 16) > INT64_MAX)
        return false;
    *size = (int64_t)strtoull(number, NULL, 16);
    return true;
}

static bool is_trailer(struct slice line)
{
    size_t name = span(line, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return name && name < line.len && line.at[name] == ':' && !has_controls(line);
}

/* How many bytes the body has, or MALFORMED or UNFINISHED. */
static long read_body(struct slice all)
{
    struct slice rest = all, line;
    int64_t size = 1;

    while (size) {
        if (!next_line(&rest, &line))
            return UNFINISHED;
        if (!read_size(line, &size))
            return MALFORMED;
        if (!size)
            break;
        if (size > (int64_t)rest.len || rest.len - (size_t)size < 2)
            return UNFINISHED;
        if (memcmp(rest.at + size, "\r\n", 2) != 0)
            return MALFORMED;
        rest = (struct slice){rest.at + size + 2, rest.len - (size_t)size - 2};
    }
    while (next_line(&rest, &line)) {
        if (!line.len)
            return (long)(all.len - rest.len);
        if (!is_trailer(line))
            return MALFORMED;
    }
    return UNFINISHED;
}

static bool has_long_lines(struct slice s)
{
    size_t line = 0;

    for (size_t i = 0; i < s.len; i++) {
        line = s.at[i] == '\n' ? 0 : line + 1;
        if (line > LINE_MAX_COMPARED)
            return true;
    }
    return false;
}

/* The same from the scanner, given pieces. */
static long scan_body(struct slice all, size_t piece)
{
    static const struct http_head head = {.status = 200, .chunked = true, .length = HTTP_NO_LENGTH};
    struct http_framing f;
    struct err e;
    size_t at = 0;

    http_framing_answer(&f, &head, false);
    while (at < all.len && !f.done) {
        size_t part = all.len - at < piece ? all.len - at : piece;
        ssize_t taken = http_framing_take(&f, all.at + at, part, &e);

        if (taken < 0)
            return MALFORMED;
        hold((size_t)taken <= part && (f.done || (size_t)taken == part));
        at += (size_t)taken;
    }
    return f.done ? (long)at : UNFINISHED;
}

/* The first byte says in what pieces the others come. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
    struct slice all = {(const char *)input + 1, len - 1};
    long read, scanned;

    if (!len || len > BODY_MAX || has_long_lines(all))
        return 0;
    read = read_body(all);
    scanned = scan_body(all, input[0] ? input[0] : BODY_MAX);
    /* What is not over may be known to be malformed already. */
    hold(scanned == read || (read == UNFINISHED && scanned == MALFORMED));
    return 0;
}
