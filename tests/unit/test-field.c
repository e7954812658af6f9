/* Lists, fields that go no further than one connection, and cookies. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/field.h"

#include <stdlib.h>
#include <string.h>

#include "http/cookie.h"
#include "tap.h"

static struct http_head head;

static void read_fields(const char *fields)
{
    static char text[1000];
    struct err e;

    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
    if (http_request_parse(&head, text, strlen(text), &e) < 0)
        abort();
}

static bool is_hop(size_t field)
{
    return http_field_is_hop(&head, &head.fields[field]);
}

static void hops(void)
{
    struct slice rest = slice_of(" a ,, b,c , "), word;
    char words[10] = "";

    while (http_list_next(&rest, &word))
        strncat(words, word.at, word.len);
    is(words, "abc", "a list is its elements without blanks; empty ones are passed over");

    read_fields("Connection: keep-alive, x-mine, content-length, HOST\r\nX-Mine: a\r\nX-Other: b\r\n"
                "Content-Length: 0\r\nTE: gzip\r\nProxy-Connection: close\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
                "X_Real_IP: 1.2.3.4\r\n");
    ok(!is_hop(0), "Host is passed on, even when Connection names it");
    ok(is_hop(1), "Connection is not");
    ok(is_hop(2), "nor what Connection names");
    ok(!is_hop(3), "what it does not name is");
    ok(!is_hop(4), "Content-Length is, even when Connection names it");
    ok(is_hop(5) && is_hop(6) && is_hop(7) && is_hop(8), "TE, Proxy-Connection, Keep-Alive and Upgrade are not");
    ok(is_hop(9), "nor a known name with '_' in the place of '-'");
}

static bool wants_json(const char *accept)
{
    read_fields(accept);
    return http_wants_json(&head);
}

static void who_asks(void)
{
    ok(wants_json("Accept: application/json\r\n"), "who accepts JSON gets it");
    ok(wants_json("Accept: text/plain;q=0.5, application/JSON ; q=0.9\r\n"), "also among others");
    ok(!wants_json("Accept: text/html,application/xhtml+xml,application/json;q=0.9\r\n"), "a browser gets the page");
    ok(!wants_json("Accept: */*\r\n") && !wants_json(""), "and so does who accepts anything");
    ok(wants_json("Sec-Fetch-Mode: cors\r\nAccept: */*\r\n"), "a script of a page reads no HTML");
    ok(!wants_json("Sec-Fetch-Mode: navigate\r\n") && !wants_json("Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n"),
       "a person does, and a script that says so");
    read_fields("Sec-Fetch-Mode: navigate\r\n");
    ok(http_is_navigation(&head), "a person opens a page");
    read_fields("Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n");
    ok(!http_is_navigation(&head), "a script does not");
    read_fields("Accept: text/html,application/xhtml+xml;q=0.9\r\n");
    ok(http_is_navigation(&head), "where a browser does not say, what it accepts does");
    read_fields("Accept: */*\r\n");
    ok(!http_is_navigation(&head), "and scripts accept anything");
    head.method = slice_of("GET");
    ok(!http_is_input(&head), "a script's GET is no person's");
    head.method = slice_of("HEAD");
    ok(!http_is_input(&head), "nor is its HEAD");
    head.method = slice_of("PUT");
    ok(http_is_input(&head), "whoever changes something is");
}

static void up(const char *value, const char *want, const char *sentence)
{
    char out[200];
    size_t len;
    bool any = http_cookie_to_container(out, sizeof out - 1, &len, slice_of(value));

    out[len] = '\0';
    is(any ? out : "", want, sentence);
}

static void down(const char *value, const char *want, const char *sentence)
{
    char out[200];
    size_t len;
    bool fits = http_cookie_from_container(out, sizeof out - 1, &len, slice_of(value), slice_of("/user/me/"));

    out[len] = '\0';
    is(fits ? out : "", want, sentence);
}

static void cookies(void)
{
    char out[20];
    size_t len;

    up("a=b; c=d", "a=b; c=d", "cookies reach the container");
    up("a=b; __Host-rb=secret;c=d", "a=b; c=d", "ours do not");
    up("__host-RB=x", "", "in no spelling, and nothing is left");
    up("x__Host-=1", "x__Host-=1", "a name that has ours in it is not ours");
    down("a=b", "a=b; Path=/user/me/", "a cookie without a path stays below the container's");
    down("a=b; Path=/; HttpOnly", "a=b; HttpOnly; Path=/user/me/", "so does one with a wider path");
    down("a=b; path=/user/me/lab", "a=b; Path=/user/me/lab", "a narrower path stays");
    down("a=b; Path=/user/me", "a=b; Path=/user/me", "and so does the container's own");
    down("a=b; Path=/user/mean/", "a=b; Path=/user/me/", "a neighbour's does not");
    down("a=b; Path=/user/me/; Path=/", "a=b; Path=/user/me/", "the last path counts, and there is one");
    down("a=b; Domain=example.org ;Secure; domain = x", "a=b; Secure; Path=/user/me/", "there is no domain");
    down("a=b;;  ; Max-Age=5", "a=b; Max-Age=5; Path=/user/me/", "empty attributes are dropped");
    ok(!http_cookie_from_container(out, sizeof out, &len, slice_of("a=bcdefghijk"), slice_of("/user/me/")),
       "what does not fit is said not to");
}

int main(void)
{
    hops();
    who_asks();
    cookies();
    return tap_end();
}
