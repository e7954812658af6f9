/* Where bodies end, byte for byte however they arrive. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/framing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tap.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

#define EXTENDED "1;extension=of-thirty-four-letters\r\na\r\n" /* 39 bytes */

static struct http_head head;

static void answer(struct http_framing *f, const char *text, bool to_head)
{
    struct err e;

    if (http_answer_parse(&head, text, strlen(text), &e) < 0)
        abort();
    http_framing_answer(f, &head, to_head);
}

/* How many of the bytes belong to a chunked body, given in pieces of `piece` bytes: -1 malformed, -2 no end yet. */
static long taken_in(const char *bytes, size_t len, size_t piece)
{
    struct http_framing f;
    struct err e;
    size_t at = 0;

    answer(&f, CHUNKED, false);
    while (at < len && !f.done) {
        size_t part = len - at < piece ? len - at : piece;
        ssize_t n = http_framing_take(&f, bytes + at, part, &e);

        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return f.done ? (long)at : -2;
}

static void chunks(const char *bytes, long want, const char *sentence)
{
    size_t len = strlen(bytes);

    for (size_t piece = 1; piece <= len; piece++)
        if (taken_in(bytes, len, piece) != want) {
            ok(false, "%s", sentence);
            printf("# in pieces of %zu: %ld, not %ld\n", piece, taken_in(bytes, len, piece), want);
            return;
        }
    ok(true, "%s", sentence);
}

static void well_formed(void)
{
    chunks("0\r\n\r\n", 5, "an empty body is one last chunk");
    chunks("3\r\nabc\r\n0\r\n\r\nGET", 13, "what follows the last chunk is not the body's");
    chunks("00a\r\n0123456789\r\n000\r\n\r\n", 24, "sizes may begin with zeros");
    chunks("A\r\n0123456789\r\n0\r\n\r\n", 20, "and are hexadecimal in either case");
    chunks("3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", 27, "chunks may have extensions");
    chunks("0\r\nA: b\r\nC:\r\n\r\n", 15, "there may be trailers");
    chunks("3\r\nabc\r\n", -2, "without the last chunk there is no end");
    chunks("0\r\nA: b\r\n", -2, "nor without the blank line behind the trailers");
}

static void malformed(void)
{
    chunks("\r\n", -1, "a chunk without a size is refused");
    chunks("g\r\n", -1, "a size that is no number");
    chunks("-1\r\n", -1, "a negative size");
    chunks("0x3\r\nabc\r\n", -1, "a size with a prefix");
    chunks(" 3\r\nabc\r\n", -1, "a blank in front of the size");
    chunks("3 \r\nabc\r\n", -1, "a blank behind it");
    chunks("3\nabc\r\n", -1, "a size's line without CR");
    chunks("3\r\r\nabc", -1, "two CR");
    chunks("3\rabc", -1, "a bare CR");
    chunks("3;a\nb\r\n", -1, "a bare LF in an extension");
    chunks("3\r\nabcd\r\n", -1, "data longer than its size");
    chunks("3\r\nabc0\r\n", -1, "data without its line's end");
    chunks("3\r\nabc\n0\r\n", -1, "data's line without CR");
    chunks("ffffffffffffffff0\r\n", -1, "a size that no number holds");
    chunks("7fffffffffffffff\r\n", -2, "the largest that one does is a size");
    chunks("0\r\nA b\r\n\r\n", -1, "a trailer that is no field");
    chunks("0\r\n A: b\r\n\r\n", -1, "a folded trailer");
    chunks("0\r\n: b\r\n\r\n", -1, "a trailer without a name");
    chunks("0\r\nA: \x01\r\n\r\n", -1, "a control character in a trailer");
    chunks("0\r\nA: b\n\r\n", -1, "a trailer's line without CR");
    chunks("0\r\n\rx", -1, "an end without LF");
}

static void long_lines(void)
{
    cleanup_free char *text = mem_zero(HTTP_TRAILERS_MAX + 100, 1);

    strcpy(text, "3;");
    memset(text + 2, 'x', HTTP_CHUNK_LINE_MAX);
    is_number(taken_in(text, strlen(text), 1000), -1, "an extension has a limit");
    memset(text, 0, HTTP_TRAILERS_MAX);
    strcpy(text, "0\r\nA:");
    memset(text + 5, 'x', HTTP_TRAILERS_MAX);
    is_number(taken_in(text, strlen(text), 100000), -1, "and so have trailers");
}

static void many_chunks(void)
{
    cleanup_free char *text = mem_zero(100, 1000);
    size_t len = 0;

    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(text + len, "1;e=%d\r\na\r\n", i);
    len += (size_t)sprintf(text + len, "0\r\n\r\n");
    is_number(taken_in(text, len, 7), (long)len, "the limit is of one chunk's line, not of all of them");
}

static void answers(void)
{
    struct http_framing f;
    struct err e;

    answer(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false);
    is_number(http_framing_take(&f, "abc", 3, &e), 3, "by length: all is the body's");
    is_number(http_framing_take(&f, "defg", 4, &e), 2, "until it has its length");
    ok(f.done, "then it is done");
    is_number(http_framing_take(&f, "x", 1, &e), 0, "and takes no more");
    answer(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    ok(f.done, "a length of 0 is done at once");
    answer(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true);
    ok(f.done, "an answer to HEAD has no body, whatever its length");
    answer(&f, CHUNKED, true);
    ok(f.done, "nor chunks");
    answer(&f, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false);
    ok(f.done, "204 has no body");
    answer(&f, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false);
    ok(f.done, "304 has no body");
    answer(&f, "HTTP/1.1 200 OK\r\n\r\n", false);
    ok(!f.done && f.kind == HTTP_UNTIL_CLOSE, "an answer without length and chunks ends with its connection");
    is_number(http_framing_take(&f, "abc", 3, &e), 3, "until then all is its body's");
}

static int request(struct http_framing *f, const char *text, int64_t limit, struct err *e)
{
    if (http_request_parse(&head, text, strlen(text), e) < 0)
        abort();
    return http_framing_request(f, &head, limit, e);
}

static void requests(void)
{
    struct http_framing f;
    struct err e;

    ok(request(&f, "GET / HTTP/1.0\r\n\r\n", 0, &e) == 0 && f.done, "a request without length and chunks has no body");
    ok(request(&f, "POST / HTTP/1.0\r\nContent-Length: 8\r\n\r\n", 8, &e) == 0, "a body may be as long as the limit");
    ok(request(&f, "POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n", 8, &e) < 0 && e.code == ERR_HTTP_BODY_TOO_LARGE,
       "and no longer");
    if (request(&f, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 8, &e) < 0)
        abort();
    is_number(http_framing_take(&f, "4\r\nabcd\r\n4\r\nabcd\r\n", 18, &e), 18, "chunks may be as long together");
    ok(http_framing_take(&f, "1\r\n", 3, &e) < 0 && e.code == ERR_HTTP_BODY_TOO_LARGE, "and no longer");
    if (request(&f, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 30, &e) < 0)
        abort();
    is_number(http_framing_take(&f, EXTENDED, 39, &e), 39, "extensions of some length are let through");
    ok(http_framing_take(&f, EXTENDED, 39, &e) < 0 && e.code == ERR_HTTP_BODY_TOO_LARGE, "and count as data do");
    http_framing_endless(&f);
    ok(http_framing_take(&f, "abc", 3, &e) == 3 && !f.done, "a tunnel has no end of its own");
}

int main(void)
{
    well_formed();
    malformed();
    long_lines();
    many_chunks();
    answers();
    requests();
    return tap_end();
}
