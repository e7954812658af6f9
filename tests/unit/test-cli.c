/* What the command line prints: strangers' text, columns, times and sizes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "cli/figure.h"
#include "cli/plain.h"
#include "cli/table.h"
#include "tap.h"

static const char *plain(struct slice text, bool lines)
{
    static struct buf out;

    buf_free(&out);
    out = BUF_OF(1024);
    plain_add(&out, text, lines);
    return buf_text(&out);
}

static void strangers_text_does_nothing_to_a_terminal(void)
{
    static const char nul[] = "a\0b";
    struct buf small = BUF_OF(6);

    is(plain(slice_of("https://h/r"), false), "https://h/r", "plain text stays");
    is(plain(slice_of("caf\xc3\xa9 \xe2\x82\xac"), false), "caf\xc3\xa9 \xe2\x82\xac", "so do letters of all kinds");
    is(plain(slice_of("\x1b]0;title\a\x1b[2J"), false), "\\x1b]0;title\\a\\x1b[2J", "terminal sequences are shown");
    is(plain(slice_of("one\ntwo\r\tthree"), false), "one\\ntwo\\r\\tthree", "a cell is one line");
    is(plain(slice_of("one\ntwo\r\tthree"), true), "one\ntwo\\r\tthree",
       "a log keeps its lines, and nothing overwrites");
    is(plain((struct slice){nul, 3}, false), "a\\x00b", "a NUL is shown");
    is(plain(slice_of("\x7f\xc2\x9b"
                      "2J"),
             false),
       "\\x7f\\u009b2J", "the control characters of 8 bits, too");
    is(plain(slice_of("gpj\xe2\x80\xae.exe\xe2\x81\xa6"), false), "gpj\\u202e.exe\\u2066",
       "what turns text around, too");
    is(plain(slice_of("\xf3\xa0\x81\x81"), false), "\\U000e0041", "and what hides text in text");
    is(plain(slice_of("\xff\xc3("), false), "\\xff\\xc3(", "bytes that are no UTF-8 are shown one by one");
    is(plain(slice_of("\xef\xbf\xbd"), false), "\xef\xbf\xbd", "a replacement character is a character");
    ok(!plain_add(&small, slice_of("\x1b\x1b"), false) && small.full, "what does not fit is told");
    buf_free(&small);
}

static void text_is_cut_between_characters(void)
{
    cleanup_free char *whole = plain_cut("caf\xc3\xa9", 4), *cut = plain_cut("caf\xc3\xa9s and more", 7);
    cleanup_free char *tiny = plain_cut("abcdef", 2);

    is_number((long long)plain_width("caf\xc3\xa9"), 4, "a character is one column, however many bytes it has");
    is(whole, "caf\xc3\xa9", "what fits stays");
    is(cut, "caf\xc3\xa9...", "what does not ends with three dots");
    is(tiny, "..", "which need room as well");
}

static char *printed(const struct table *t, size_t width)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    table_print(t, width, to);
    fclose(to);
    return text;
}

static void columns_are_aligned(void)
{
    static const struct table_column columns[] = {{"NAME", false, true}, {"AGE", true}, {"REPOSITORY", false, true}};
    struct table t = {.columns = columns, .count = 3};
    cleanup_free char *wide = NULL, *narrow = NULL, *least = NULL;

    table_add(&t, "a");
    table_add(&t, "5m");
    table_add(&t, "https://example.org/a/rather/long/repository");
    table_add(&t, "caf\xc3\xa9-with-a-name");
    table_add(&t, "12h30m");
    table_add(&t, "");
    wide = printed(&t, 0);
    is(wide,
       "NAME                 AGE  REPOSITORY\n"
       "a                     5m  https://example.org/a/rather/long/repository\n"
       "caf\xc3\xa9-with-a-name  12h30m  -\n",
       "for a program nothing is cut, and a cell that is empty is a word");
    narrow = printed(&t, 50);
    is(narrow,
       "NAME                 AGE  REPOSITORY\n"
       "a                     5m  https://example.org/a...\n"
       "caf\xc3\xa9-with-a-name  12h30m  -\n",
       "on a terminal the widest column is cut, and no line is longer");
    least = printed(&t, 10);
    is(least,
       "NAME             AGE  REPOSITORY\n"
       "a                 5m  https://e...\n"
       "caf\xc3\xa9-with...  12h30m  -\n",
       "but to what can still be read");
    table_free(&t);
}

static void an_empty_table_has_its_titles(void)
{
    static const struct table_column columns[] = {{"A"}, {"B", true}};
    struct table t = {.columns = columns, .count = 2};
    cleanup_free char *text = printed(&t, 80);

    is(text, "A  B\n", "without rows there are the titles");
}

static void times_and_sizes_are_short(void)
{
    static const struct {
        int64_t ms;
        const char *text;
    } spans[] = {{0, "0s"},         {59999, "59s"},       {60000, "1m"},      {3599999, "59m"},
                 {3600000, "1h0m"}, {86399999, "23h59m"}, {90000000, "1d1h"}, {-1, ""}};
    static const struct {
        int64_t bytes;
        const char *text;
    } sizes[] = {{0, "0"},
                 {1023, "1023"},
                 {1024, "1K"},
                 {450LL << 20, "450M"},
                 {1500000, "1.4M"},
                 {2LL << 30, "2.0G"},
                 {1023LL << 20, "1023M"},
                 {(1LL << 30) - 1, "1.0G"},
                 {-1, ""}};

    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        cleanup_buf struct buf out = BUF_OF(64);

        figure_span(&out, spans[i].ms);
        is(buf_text(&out), spans[i].text, "a span");
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cleanup_buf struct buf out = BUF_OF(64);

        figure_size(&out, sizes[i].bytes);
        is(buf_text(&out), sizes[i].text, "a size");
    }
}

static void since_is_a_span_or_a_time(void)
{
    const int64_t now = 1795651200000; /* 2026-11-26T00:00:00Z */

    is_number(figure_since("90s", now), now - 90000, "seconds ago");
    is_number(figure_since("15m", now), now - 900000, "minutes");
    is_number(figure_since("3d", now), now - 3 * 86400000LL, "days");
    is_number(figure_since("2026-11-24", now), 1795478400000, "a day");
    is_number(figure_since("2026-11-24T12:30", now), 1795523400000, "a minute");
    is_number(figure_since("2026-11-24T12:30:05Z", now), 1795523405000, "a second");
    is_number(figure_since("yesterday", now), -1, "words are not taken");
    is_number(figure_since("5", now), -1, "nor a number without a unit");
    is_number(figure_since("99999999999999999999d", now), -1, "nor one beyond all bounds");
    is_number(figure_since("2026-11-24T12:30:05+01", now), -1, "nor another zone");
}

int main(void)
{
    strangers_text_does_nothing_to_a_terminal();
    text_is_cut_between_characters();
    columns_are_aligned();
    an_empty_table_has_its_titles();
    times_and_sizes_are_short();
    since_is_a_span_or_a_time();
    plain(slice_of(""), false);
    return tap_end();
}
