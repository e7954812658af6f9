/* What base promises: errors, buffers, text, ids, lists. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "base/url.h"
#include "base/watch.h"
#include "tap.h"

static void errors(void)
{
    char long_text[400];
    struct err e;

    is_number(err_set(&e, ERR_SYSTEM, "open %s", "x"), -1, "err_set returns -1");
    is(e.text, "open x", "err_set formats");
    err_set(&e, ERR_SYSTEM, "%s", "a\x1b[2Jb\x14\nc\x7f\xc3\xa9");
    is(e.text, "a [2Jb  c \xc3\xa9", "control characters of a stranger's text become blanks");
    err_set(&e, ERR_SYSTEM, "open x");
    err_wrap(&e, "starting %d", 7);
    is(e.text, "starting 7: open x", "err_wrap puts its text in front");
    is_number(e.code, ERR_SYSTEM, "and keeps the code");
    is(err_public_text(&e), err_info(ERR_SYSTEM)->sentence, "a visitor reads the sentence of an internal code");
    err_set(&e, ERR_TOO_LARGE, "the body has 9 bytes, the limit is 8");
    is(err_public_text(&e), "the body has 9 bytes, the limit is 8", "and the text of one for visitors");

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    err_set(&e, ERR_SYSTEM, "the cause");
    err_wrap(&e, "%s", long_text);
    ok(str_ends(e.text, "x: the cause"), "a wrap that is too long is cut in front of the cause");
    is_number(err_info(12345)->http_status, 500, "an unknown code has the row of INTERNAL");
}

static void buffers(void)
{
    cleanup_buf struct buf b = BUF_OF(10);

    is(buf_text(&b), "", "an empty buffer is an empty string");
    ok(buf_add_text(&b, "12345"), "text fits");
    ok(!buf_add_text(&b, "123456"), "what is over the limit is not taken");
    is(buf_text(&b), "12345", "not even in part");
    ok(!buf_add_char(&b, 'x'), "and a full buffer stays full, so that one look at the end is enough");
    buf_clear(&b);
    ok(buf_add_format(&b, "%d-%s", 12, "abcdefg"), "exactly the limit fits");
    buf_drop(&b, 3);
    is(buf_text(&b), "abcdefg", "dropping moves the rest to the front");
}

static void json_is(const char *bytes, size_t len, const char *want, const char *sentence)
{
    cleanup_buf struct buf b = BUF_OF(1000);

    json_add_string(&b, bytes, len);
    is(buf_text(&b), want, sentence);
}

static void json(void)
{
    json_is("a\"\\\n\x01", 5, "\"a\\\"\\\\\\n\\u0001\"", "quotes, backslashes and controls are escaped");
    json_is("\xc3\xa9\xf0\x9f\x8c\x80", 6, "\"\\u00e9\\ud83c\\udf00\"", "JSON is ASCII, with surrogates");
    json_is("\xff\xc0\x80\xed\xa0\x80", 6, "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"",
            "bytes that are no UTF-8 are replaced one by one");
    json_is("\xe2\x82", 2, "\"\\ufffd\\ufffd\"", "a character that is cut off is replaced");
}

static void text(void)
{
    struct slice rest = slice_of("a, b");
    uint64_t n = 7;
    uint8_t byte;

    ok(slice_is(slice_cut(&rest, ','), "a") && slice_is(slice_trim(rest), "b"), "cut and trim take a list apart");
    ok(str_number(&n, slice_of("65535"), 65535) && n == 65535, "the largest number passes");
    ok(!str_number(&n, slice_of("65536"), 65535), "one more does not");
    ok(!str_number(&n, slice_of("+1"), 9) && !str_number(&n, slice_of(" 1"), 9) && !str_number(&n, slice_of(""), 9),
       "a number is digits and nothing else");
    ok(!str_number(&n, slice_of("99999999999999999999999"), UINT64_MAX), "no overflow");
    ok(!str_unhex(&byte, 1, slice_of("g0")), "hex is hex");
}

static void urls(void)
{
    cleanup_buf struct buf b = BUF_OF(100);

    url_encode(&b, slice_of("https://h/\xc3\xa9 a"), "");
    is(buf_text(&b), "https%3A%2F%2Fh%2F%C3%A9%20a", "encoding leaves letters and digits alone");
    buf_clear(&b);
    ok(url_decode(&b, slice_of("a%2fb+c")), "decoding works in either case");
    is(buf_text(&b), "a/b+c", "and leaves '+' alone");
    ok(!url_decode(&b, slice_of("%2")) && !url_decode(&b, slice_of("%zz")) && !url_decode(&b, slice_of("%00")),
       "half escapes and NULs are refused");
    buf_clear(&b);
    ok(url_query_value(&b, slice_of("x=1&path=a+b%2F"), "path"), "a query has values");
    is(buf_text(&b), "a b/", "which are decoded");
}

static void ids(void)
{
    struct id a = id_new(), b = id_new(), c;
    char hex[ID_TEXT], letters[9];

    ok(!id_equal(&a, &b) && !id_is_none(&a), "two ids differ");
    ok(id_parse(&c, id_text(hex, &a)) && id_equal(&a, &c), "an id survives its text");
    ok(!id_parse(&c, "12"), "a short one is refused");
    id_random_text(letters, 8, "ab");
    is_number((long long)strspn(letters, "ab"), 8, "random text is of its alphabet");
}

static void count_wake(void *arg)
{
    ++*(int *)arg;
}

static void watches(void)
{
    struct list watchers;
    int woken = 0;
    struct watch one = {.wake = count_wake, .arg = &woken}, two = one;

    list_init(&watchers);
    watch_begin(&watchers, &one);
    watch_begin(&watchers, &two);
    watch_wake_all(&watchers);
    is_number(woken, 2, "everybody is woken");
    watch_end(&one);
    watch_wake_all(&watchers);
    is_number(woken, 3, "who has left is not");
    watch_end(&two);
    ok(list_empty(&watchers), "and nobody is left behind");
}

static void keep_line(void *arg, const char *line)
{
    str_copy(arg, 100, line);
}

static void journal(void)
{
    char line[100], when[CLOCK_TEXT];

    log_sink(keep_line, line);
    log_line(LOG_INFO, ERR_SYSTEM, "a %s\nb", "x");
    is(line, "<6>RB1002 a x?b", "a line has its level and code, and is one line");
    log_sink(NULL, NULL);
    is(clock_text(when, 1000), "1970-01-01T00:00:01.000Z", "times are RFC 3339");
}

static bool network_holds(const char *network, const char *address)
{
    struct network n;
    uint8_t bytes[16];
    struct err e;

    return network_parse(&n, network, &e) == 0 && network_address(bytes, slice_of(address)) && network_has(&n, bytes);
}

static void networks(void)
{
    static const char *const wrong[] = {"",       "/8",    "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1",  "::1/129",
                                        "10.0.0", "[::1]", "::1%lo",    "a",           "10.0.0.0/8/8", "10.0.0.0/8 "};
    struct network n;
    struct err e;

    ok(network_holds("10.1.0.0/16", "10.1.255.255") && !network_holds("10.1.0.0/16", "10.2.0.0"), "a network of IPv4");
    ok(network_holds("10.1.128.0/17", "10.1.128.1") && !network_holds("10.1.128.0/17", "10.1.127.1"),
       "its bits need not be whole bytes");
    ok(network_holds("10.1.2.3", "10.1.2.3") && !network_holds("10.1.2.3", "10.1.2.4"), "an address is a network");
    ok(network_holds("2001:db8::/32", "2001:db8:1::1") && !network_holds("2001:db8::/32", "2001:db9::1"), "IPv6");
    ok(network_holds("10.9.9.9/8", "10.1.1.1"), "bits behind the network's do not count");
    ok(network_holds("0.0.0.0/0", "1.2.3.4") && !network_holds("0.0.0.0/0", "::1"), "IPv4 has no IPv6 in it");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ok(network_parse(&n, wrong[i], &e) < 0, "\"%s\" is no network", wrong[i]);
}

int main(void)
{
    errors();
    buffers();
    json();
    text();
    urls();
    ids();
    networks();
    watches();
    journal();
    return tap_end();
}
