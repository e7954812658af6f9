/* Where a message's body ends: by its length, by chunks, or with the connection. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/framing.h"

#define SIZE_LINE 17 /* bytes that the longest size needs, with its CR */

/* RFC 9112, section 7.1; every line ends with CR LF, and a size has no blank behind it. */
enum chunk_state {
    CHUNK_SIZE_FIRST,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER_FIRST,
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_VALUE,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF,
};

static int too_large(struct err *e)
{
    return err_set(e, ERR_HTTP_BODY_TOO_LARGE, "what was sent is larger than this server takes");
}

static int bad_chunk(struct err *e)
{
    return err_set(e, ERR_HTTP_MALFORMED, "the body's chunks are malformed");
}

static void by_length(struct http_framing *f, int64_t length)
{
    *f = (struct http_framing){.kind = HTTP_BY_LENGTH, .left = length, .done = !length};
}

int http_framing_request(struct http_framing *f, const struct http_head *h, int64_t limit, struct err *e)
{
    if (h->length > limit)
        return too_large(e);
    if (h->chunked)
        *f = (struct http_framing){.kind = HTTP_BY_CHUNKS, .room = limit};
    else
        by_length(f, h->length == HTTP_NO_LENGTH ? 0 : h->length);
    return 0;
}

void http_framing_answer(struct http_framing *f, const struct http_head *h, bool to_head)
{
    if (to_head || h->status < 200 || h->status == 204 || h->status == 304)
        by_length(f, 0);
    else if (h->chunked)
        *f = (struct http_framing){.kind = HTTP_BY_CHUNKS, .room = HTTP_NO_LIMIT};
    else if (h->length != HTTP_NO_LENGTH)
        by_length(f, h->length);
    else
        http_framing_endless(f);
}

void http_framing_endless(struct http_framing *f)
{
    *f = (struct http_framing){.kind = HTTP_UNTIL_CLOSE};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

static bool is_name(char c)
{
    return c && (hex_digit(c) >= 0 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("!#$%&'*+-.^_`|~", c));
}

/* Sets the state where `holds`; else the chunks are malformed. */
static bool go(struct http_framing *f, bool holds, enum chunk_state next)
{
    f->state = next;
    return holds;
}

static bool take_size(struct http_framing *f, char c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (f->left > INT64_MAX >> 4)
            return false;
        f->left = f->left * 16 + digit;
        return go(f, true, CHUNK_SIZE);
    }
    if (f->state == CHUNK_SIZE_FIRST)
        return false;
    if (c == ';')
        return go(f, true, CHUNK_EXTENSION);
    return go(f, c == '\r', CHUNK_SIZE_LF);
}

/* The end of a size's line. Extensions count as data do, else a body within its limit could be 250 times as long. */
static int begin_chunk(struct http_framing *f, struct err *e)
{
    int64_t extensions = f->line > SIZE_LINE ? f->line - SIZE_LINE : 0;

    if (f->left > f->room || extensions > f->room - f->left)
        return too_large(e);
    f->room -= f->left + extensions;
    f->line = 0;
    f->state = f->left ? CHUNK_DATA : CHUNK_TRAILER_FIRST;
    return 0;
}

/* One byte that is no data. */
static bool take_byte(struct http_framing *f, char c)
{
    switch ((enum chunk_state)f->state) {
    case CHUNK_SIZE_FIRST:
    case CHUNK_SIZE:
        return ++f->line <= HTTP_CHUNK_LINE_MAX && take_size(f, c);
    case CHUNK_EXTENSION:
        if (c == '\r')
            return go(f, true, CHUNK_SIZE_LF);
        return ++f->line <= HTTP_CHUNK_LINE_MAX && is_text(c);
    case CHUNK_DATA_CR:
        return go(f, c == '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF:
        return go(f, c == '\n', CHUNK_SIZE_FIRST);
    case CHUNK_TRAILER_FIRST:
        if (c == '\r')
            return go(f, true, CHUNK_LAST_LF);
        return ++f->line <= HTTP_TRAILERS_MAX && go(f, is_name(c), CHUNK_TRAILER_NAME);
    case CHUNK_TRAILER_NAME:
        if (c == ':')
            return go(f, true, CHUNK_TRAILER_VALUE);
        return ++f->line <= HTTP_TRAILERS_MAX && is_name(c);
    case CHUNK_TRAILER_VALUE:
        if (c == '\r')
            return go(f, true, CHUNK_TRAILER_LF);
        return ++f->line <= HTTP_TRAILERS_MAX && is_text(c);
    case CHUNK_TRAILER_LF:
        return go(f, c == '\n', CHUNK_TRAILER_FIRST);
    case CHUNK_LAST_LF:
        f->done = true;
        return c == '\n';
    case CHUNK_SIZE_LF:
    case CHUNK_DATA:
        break;
    }
    return false;
}

static ssize_t take_chunks(struct http_framing *f, const char *bytes, size_t len, struct err *e)
{
    size_t at = 0;

    while (at < len && !f->done) {
        if (f->state == CHUNK_DATA) {
            size_t part = len - at < (uint64_t)f->left ? len - at : (size_t)f->left;

            f->left -= (int64_t)part;
            at += part;
            if (!f->left)
                f->state = CHUNK_DATA_CR;
            continue;
        }
        if (f->state == CHUNK_SIZE_LF) {
            if (bytes[at++] != '\n')
                return bad_chunk(e);
            if (begin_chunk(f, e) < 0)
                return -1;
            continue;
        }
        if (!take_byte(f, bytes[at++]))
            return bad_chunk(e);
    }
    return (ssize_t)at;
}

ssize_t http_framing_take(struct http_framing *f, const char *bytes, size_t len, struct err *e)
{
    if (f->done)
        return 0;
    switch ((enum http_framing_kind)f->kind) {
    case HTTP_BY_LENGTH:
        if (len > (uint64_t)f->left)
            len = (size_t)f->left;
        f->left -= (int64_t)len;
        f->done = !f->left;
        return (ssize_t)len;
    case HTTP_BY_CHUNKS:
        return take_chunks(f, bytes, len, e);
    case HTTP_UNTIL_CLOSE:
        break;
    }
    return (ssize_t)len;
}
