/* Heads of requests and answers: what is read, and all that is refused because somebody could read it otherwise. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/head.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tap.h"

static struct http_head head;
static struct err why;

/* Reads a copy of exactly `len` bytes, so that a sanitizer sees a read past the end; slices are not used afterwards. */
static int request_of(const char *bytes, size_t len)
{
    static char *copy;
    size_t end;

    free(copy);
    copy = malloc(len);
    memcpy(copy, bytes, len);
    why.code = ERR_NONE;
    end = http_head_end(copy, len, 0);
    if (!end)
        return err_set(&why, ERR_NONE, "no end");
    return http_request_parse(&head, copy, end, &why);
}

static int answer_of(const char *bytes)
{
    size_t end = http_head_end(bytes, strlen(bytes), 0);

    return end ? http_answer_parse(&head, bytes, end, &why) : err_set(&why, ERR_NONE, "no end");
}

static void takes(const char *bytes, const char *sentence)
{
    if (!ok(request_of(bytes, strlen(bytes)) == 0, "%s", sentence))
        printf("# %s\n", why.text);
}

static void refuses_bytes(const char *bytes, size_t len, enum err_code code, const char *sentence)
{
    bool refused = request_of(bytes, len) < 0;

    if (!ok(refused && why.code == code, "%s", sentence))
        printf("# RB%d: %s\n", refused ? (int)why.code : 0, refused ? why.text : "taken");
}

/* For a literal, which may have a NUL in it. */
#define REFUSES(bytes, code, sentence) refuses_bytes(bytes, sizeof bytes - 1, code, sentence)

static void refuses(const char *bytes, const char *sentence)
{
    refuses_bytes(bytes, strlen(bytes), ERR_HTTP_MALFORMED, sentence);
}

static void ends(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";

    is_number((long long)http_head_end(text, sizeof text - 1, 0), 27, "a head ends behind its blank line");
    for (size_t len = 0; len < 27; len++)
        if (http_head_end(text, len, 0))
            ok(false, "a head of %zu bytes has no end", len);
    for (size_t from = 0; from < 27; from++)
        if (http_head_end(text, sizeof text - 1, from) != 27)
            ok(false, "the end is found from %zu on", from);
    ok(true, "the end is found at every length, and from wherever the last search ended");
    is_number((long long)http_head_end("\r\n\r\n", 4, 0), 0, "an empty line in front is not the end");
    is_number((long long)http_head_end("a\n\nb", 4, 0), 3, "lines without CR end a head, so that it can be refused");
}

static void requests(void)
{
    takes("GET /a/b?c=d/../e HTTP/1.1\r\nHost: example.org:8080\r\nX-A:  b c \t\r\n\r\n", "a request is read");
    ok(slice_is(head.method, "GET") && slice_is(head.target, "/a/b?c=d/../e") && slice_is(head.path, "/a/b"),
       "its method, target and path");
    ok(slice_is(head.host, "example.org:8080") && head.minor == 1 && head.n_fields == 2, "its host and version");
    ok(slice_is(head.fields[1].name, "X-A") && slice_is(head.fields[1].value, "b c"),
       "a field's value is without the blanks around it");
    ok(head.length == HTTP_NO_LENGTH && !head.chunked && !head.close && !head.websocket, "it has no body");
    takes("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "one empty line in front of a request is skipped");
    takes("GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 needs no Host");
    ok(head.close && head.minor == 0, "and is its connection's last request");
    takes("POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 0012\r\n\r\n", "names are read in either case");
    is_number(head.length, 12, "and a length may begin with zeros");
    takes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nExpect: 100-continue\r\n\r\n", "chunks");
    ok(head.chunked && head.expects, "and who waits to go on is seen");
    takes("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", "a WebSocket");
    ok(head.websocket && !head.names_hops, "is seen");
    takes("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-A\r\n\r\n", "a Connection with several words");
    ok(head.close && head.names_hops, "closes and names a field");
    takes("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\n\r\n",
          "another protocol");
    ok(!head.websocket, "is no WebSocket");
    takes("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "a host may be an IPv6 address");
    takes("GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\t~\r\n\r\n", "a value may have bytes above ASCII, and tabs");
    takes("GET /%20%C3%A9\xc3\xa9|{} HTTP/1.1\r\nHost: a\r\n\r\n", "a target may have what browsers send");
    takes("GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\n\r\n", "a name with '_' is read");
    ok(head.length == HTTP_NO_LENGTH && head.fields[1].known == HTTP_DISGUISED, "but never for the one with '-'");
    takes("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", "an unusual method is a method");
}

static void request_lines(void)
{
    refuses("get / HTTP/1.1\r\nHost: a\r\n\r\n", "a method in small letters is refused");
    refuses(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a blank in front");
    refuses("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "two blanks");
    refuses("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "a tab");
    refuses("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "a blank behind the version");
    refuses("GET /\r\nHost: a\r\n\r\n", "HTTP/0.9");
    refuses("GET / http/1.1\r\nHost: a\r\n\r\n", "the version in small letters");
    refuses("GET / HTTP/1.10\r\nHost: a\r\n\r\n", "a version with two digits");
    refuses("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "a blank in the target");
    refuses("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "a target in absolute form");
    refuses("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "a target in authority form");
    refuses("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a target in asterisk form");
    refuses("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "a fragment");
    refuses("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "a control character in the target");
    refuses("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "dot segments");
    refuses("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "a malformed escape");
    refuses("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "two empty lines in front");
    REFUSES("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", ERR_HTTP_MALFORMED, "a NUL in the target");
    REFUSES("GET / HTTP/2.0\r\nHost: a\r\n\r\n", ERR_HTTP_VERSION, "HTTP/2.0 is another version");
    REFUSES("GET / HTTP/1.2\r\nHost: a\r\n\r\n", ERR_HTTP_VERSION, "and so is HTTP/1.2");
}

static void field_lines(void)
{
    refuses("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "a blank in front of the colon is refused");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "a folded line");
    refuses("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "a first field that begins with a blank");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "a line without a colon");
    refuses("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "a field without a name");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n", "a name with a byte above ASCII");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", "a name that is no token");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", "a bare CR in a value");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n", "CR CR LF");
    refuses("GET / HTTP/1.1\nHost: a\n\n", "lines that end with LF alone");
    refuses("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "one line that does");
    refuses("GET / HTTP/1.1\r\nHost: a\r\n\n", "a blank line that does");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "a control character in a value");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", "DEL in a value");
    REFUSES("GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", ERR_HTTP_MALFORMED, "a NUL in a value");
    REFUSES("GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", ERR_HTTP_MALFORMED, "a NUL in a name");
}

static void meanings(void)
{
    refuses("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 without a Host is refused");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "two Hosts, even the same");
    refuses("GET / HTTP/1.1\r\nHost:\r\n\r\n", "an empty Host");
    refuses("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "a Host with a slash");
    refuses("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "a Host with a user");
    refuses("GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", "a Host with two dots");
    refuses("GET / HTTP/1.1\r\nHost: .\r\n\r\n", "a Host that is a dot");
    refuses("GET / HTTP/1.1\r\nHost: \ta\r\n\r\n", "a Host behind a tab");
    refuses("GET / HTTP/1.1\r\nHost: a%2fb\r\n\r\n", "a Host with an escape");
    refuses("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "a Host of two words");
    refuses("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "a Host whose port is no number");
    refuses("GET / HTTP/1.1\r\nHost: [::1..2]\r\n\r\n", "an address with two dots");
    refuses("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "a Host with half a bracket");
    refuses("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", "a Host with something behind its bracket");
    refuses("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "a port alone");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "length and chunks");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "two lengths");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", "a list of lengths");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", "a length with a sign");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "a negative length");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", "a hexadecimal length");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "an empty length");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "a length of 20 digits");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t5\r\n\r\n", "a length behind a tab");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \t \r\n\r\n", "a length before one");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \t chunked\r\n\r\n", "chunks behind a tab");
    refuses("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "chunks in HTTP/1.0");
    refuses("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", "two Authorizations");
    REFUSES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ERR_HTTP_CODING,
            "another transfer coding");
    REFUSES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", ERR_HTTP_CODING,
            "one that ends alike");
    REFUSES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", ERR_HTTP_CODING, "an empty one");
    refuses("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "two transfer codings");
}

static void many_fields(void)
{
    cleanup_free char *text = mem_zero(HTTP_FIELDS_MAX + 10, 16);

    strcpy(text, "GET / HTTP/1.0\r\n");
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        strcat(text, "X: b\r\n");
    strcat(text, "\r\n");
    takes(text, "a head may have 100 fields");
    text[strlen(text) - 2] = '\0';
    strcat(text, "X: b\r\n\r\n");
    refuses_bytes(text, strlen(text), ERR_HTTP_HEAD_TOO_LARGE, "and no more");
}

static void answers(void)
{
    ok(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n") == 0 && head.status == 200 && head.length == 3,
       "an answer is read");
    ok(answer_of("HTTP/1.1 404 Not \xc3\xa9 found\r\n\r\n") == 0 && head.status == 404, "its reason may be any text");
    ok(answer_of("HTTP/1.1 204\r\n\r\n") == 0, "or missing");
    ok(answer_of("HTTP/1.0 200 OK\r\n\r\n") == 0 && head.close, "HTTP/1.0 answers close");
    ok(answer_of("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n") == 0 && head.websocket,
       "101 says what it changes to");
    ok(answer_of("HTTP/1.1 20 OK\r\n\r\n") < 0, "a status of two digits is refused");
    ok(answer_of("HTTP/1.1 2000 OK\r\n\r\n") < 0, "a status of four");
    ok(answer_of("HTTP/1.1 099 OK\r\n\r\n") < 0, "a status below 100");
    ok(answer_of("HTTP/1.1 600 OK\r\n\r\n") < 0, "a status above 599");
    ok(answer_of("HTTP/2 200 OK\r\n\r\n") < 0, "another version");
    ok(answer_of("HTTP/1.1  200 OK\r\n\r\n") < 0, "two blanks");
    ok(answer_of("\r\nHTTP/1.1 200 OK\r\n\r\n") < 0, "an empty line in front");
    ok(answer_of("HTTP/1.1 200 OK\nA: b\n\n") < 0, "lines without CR");
    ok(answer_of("HTTP/1.1 200 O\rK\r\n\r\n") < 0, "a bare CR in the reason");
    ok(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") < 0,
       "length and chunks");
    ok(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n") < 0, "two lengths");
    ok(answer_of("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") < 0, "chunks in HTTP/1.0");
    ok(answer_of("<html>\r\n\r\n") < 0, "what is no answer at all");
}

int main(void)
{
    ends();
    requests();
    request_lines();
    field_lines();
    meanings();
    many_fields();
    answers();
    return tap_end();
}
