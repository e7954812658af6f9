/* A build's log: encoded once, read from anywhere, bounded. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "build/digest.h"
#include "build/log.h"
#include "loop/loop.h"
#include "tap.h"

static char path[64];
static struct loop *loop;

static int preads;

/* In place of libc's: how often the file is asked. */
ssize_t pread(int fd, void *to, size_t room, off_t at)
{
    preads++;
    return syscall(SYS_pread64, fd, to, room, at);
}

static struct build_log *begin(void)
{
    struct build_log *log = NULL;
    struct err e;

    if (build_log_open(&log, loop, path, &e) < 0)
        printf("Bail out! %s\n", e.text);
    return log;
}

static void say(struct build_log *log, const char *text)
{
    build_log_line(log, "building", text, strlen(text));
}

/* Lets the log tell what it has gathered. */
static void pass(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        printf("Bail out! %s\n", e.text);
}

static void count_wake(void *arg)
{
    ++*(int *)arg;
}

static void test_lines(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    struct build_log_cursor cursor = {0}, late = {0};
    int wakes = 0;
    struct watch w = {.wake = count_wake, .arg = &wakes};

    build_log_watch(log, &w);
    ok(!build_log_read(log, &cursor, &out), "an empty log has nothing to read");
    build_log_line(log, "fetching", "h\xc3\xa9\"\x1b[1m\xff", 9);
    is_number(wakes, 1, "a line wakes who watches");
    ok(build_log_read(log, &cursor, &out), "and can be read");
    is(buf_text(&out), "{\"phase\":\"fetching\",\"message\":\"h\\u00e9\\\"\\u001b[1m\\ufffd\\n\"}\n",
       "as an event in ASCII, whatever its bytes are");
    buf_clear(&out);
    ok(!build_log_read(log, &cursor, &out), "once");
    say(log, "two");
    pass();
    build_log_read(log, &late, &out);
    ok(strstr(buf_text(&out), "two") && strstr(buf_text(&out), "fetching"), "who comes late reads from the beginning");
    is_number((long long)late.at, (long long)out.len, "a cursor is a byte offset");
    late.at = 3;
    buf_clear(&out);
    build_log_read(log, &late, &out);
    is(buf_text(&out), "{\"phase\":\"building\",\"message\":\"two\\n\"}\n", "from within a line, the next one is read");
    late.at = 1000000;
    ok(!build_log_read(log, &late, &out), "behind the end there is nothing");
    build_log_end(log);
    ok(build_log_ended(log) && wakes == 3, "its end is told, too");
    watch_end(&w);
    build_log_release(&log);
    ok(access(path, F_OK) < 0, "the last one who holds it removes the file");
}

static void test_small_reader(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(100);
    struct build_log_cursor cursor = {0};
    int reads = 0;

    say(log, "first line");
    say(log, "second line");
    say(log, "third line");
    pass();
    while (build_log_read(log, &cursor, &out)) {
        ok(out.bytes[out.len - 1] == '\n' && out.bytes[0] == '{', "a small reader gets whole lines, piece %d", ++reads);
        buf_clear(&out);
    }
    is_number(reads, 2, "as many as fit at a time");
    build_log_release(&log);
}

static void test_gathering(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    struct build_log_cursor cursor = {0};
    int wakes = 0;
    struct watch w = {.wake = count_wake, .arg = &wakes};

    build_log_watch(log, &w);
    say(log, "at once");
    for (int i = 0; i < 100; i++)
        say(log, "gathered");
    is_number(wakes, 1, "the first line is told at once");
    build_log_read(log, &cursor, &out);
    is(buf_text(&out), "{\"phase\":\"building\",\"message\":\"at once\\n\"}\n", "and alone");
    pass();
    is_number(wakes, 2, "those behind it together");
    buf_clear(&out);
    build_log_read(log, &cursor, &out);
    is_number((long long)out.len, 100 * 44, "all of them");
    watch_end(&w);
    build_log_release(&log);
}

/* ---- a log that is longer than what is kept ---- */

struct counted {
    int first, last; /* of the numbered lines */
    int lines, sentences, jumps;
    char sentence[200];
};

/* Reads what there is; lines are "line <n> xxx...", sentences begin with "[". */
static void count(struct counted *c, struct build_log *log, struct build_log_cursor *cursor)
{
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);

    *c = (struct counted){.first = -1, .last = -1};
    for (; build_log_read(log, cursor, &out); buf_clear(&out)) {
        for (char *at = out.bytes, *end; (end = strchr(at, '\n')); at = end + 1) {
            int n;

            if (sscanf(at, "{\"phase\":\"building\",\"message\":\"line %d ", &n) == 1) {
                c->jumps += c->lines && n != c->last + 1;
                c->first = c->lines++ ? c->first : n;
                c->last = n;
            } else {
                c->sentences++;
                snprintf(c->sentence, sizeof c->sentence, "%.*s", (int)(end - at), at);
            }
        }
    }
}

static void say_numbers(struct build_log *log, int from, int to)
{
    char text[128];

    for (int i = from; i < to; i++) {
        snprintf(text, sizeof text, "line %d %068d", i, 0);
        say(log, text);
    }
}

static long long disk_bytes(void)
{
    struct stat st;

    return stat(path, &st) < 0 ? -1 : (long long)st.st_blocks * 512;
}

static void is_head_and_tail(struct build_log *log, const char *who, int last)
{
    struct build_log_cursor cursor = {0};
    struct counted c;

    count(&c, log, &cursor);
    ok(c.first == 0 && c.last == last && c.jumps == 1, "%s gets the first and the last lines", who);
    is_number(c.sentences, 1, "with one sentence between");
    ok(strstr(c.sentence, " MB of this log are not kept: its first 8 MiB and its last 8 MiB are]"), "%s", c.sentence);
    ok(c.lines > (16 << 20) / 130 && c.lines < (18 << 20) / 100, "which leaves 16 to 17 MiB (%d lines)", c.lines);
}

#define MILLION 1000000

static void test_million_lines(void)
{
    struct build_log *log = begin();
    struct build_log_cursor along = {0}, cut = {0};
    struct counted c;

    say_numbers(log, 0, 10);
    pass();
    count(&c, log, &along);
    cut = along;
    say_numbers(log, 10, MILLION / 2);
    pass();
    count(&c, log, &along);
    say_numbers(log, MILLION / 2, MILLION);
    pass();
    ok(disk_bytes() <= BUILD_LOG_HEAD + BUILD_LOG_TAIL + BUILD_LOG_SLACK + 16384, "a million lines take %lld bytes",
       disk_bytes());
    is_head_and_tail(log, "who comes late", MILLION - 1);
    count(&c, log, &along);
    is_number(c.lines, BUILD_LOG_LIVE_LINES, "who reads along gets the last lines of each second");
    ok(c.sentences == 2 && c.last == MILLION - 1 && strstr(c.sentence, "not shown here"), "and a sentence: %s",
       c.sentence);
    cut = (struct build_log_cursor){.at = cut.at};
    count(&c, log, &cut);
    ok(c.first == 10 && c.last == MILLION - 1, "who had read ten lines goes on with the eleventh");
    cut = (struct build_log_cursor){.at = BUILD_LOG_HEAD * 2};
    count(&c, log, &cut);
    ok(c.sentences == 1 && c.last == MILLION - 1, "who was where the hole is now goes on behind it");
    is_number((long long)cut.at, (long long)along.at, "and places are the same for all");
    build_log_put_away(log);
    build_log_release(&log);
    log = begin();
    is_head_and_tail(log, "a reader of the next daemon", MILLION - 1);
    cut = (struct build_log_cursor){.at = along.at};
    say_numbers(log, MILLION, MILLION + 5);
    build_log_end(log);
    count(&c, log, &cut);
    ok(c.first == MILLION && c.lines == 5, "whose log goes on at the same place");
    is_head_and_tail(log, "and who comes when all is over", MILLION + 4);
    build_log_release(&log);
}

static void test_next_daemon(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    struct build_log_cursor cursor = {0};
    FILE *file;

    say(log, "before");
    build_log_put_away(log);
    build_log_release(&log);
    file = fopen(path, "a");
    fputs("{\"phase\":\"buil", file);
    fclose(file);
    log = begin();
    say(log, "after");
    pass();
    build_log_read(log, &cursor, &out);
    is(buf_text(&out),
       "{\"phase\":\"building\",\"message\":\"before\\n\"}\n{\"phase\":\"building\",\"message\":\"after\\n\"}\n",
       "the next daemon goes on with a log that was put away, without half a line");
    build_log_release(&log);
}

static void test_key(void)
{
    static const unsigned char context[DIGEST_BYTES] = {1, 2, 3}, other[DIGEST_BYTES] = {1, 2, 4};
    static const char *const args[] = {"A=1", "B=2", NULL}, *const joined[] = {"A=1B=2", NULL},
                             *const fewer[] = {"A=1", NULL};
    char key[DIGEST_TEXT], again[DIGEST_TEXT];

    digest_environment(key, context, "sha256:aa", args);
    is(key, "d2ee34493ffe351b673ee3437a624a7e1c7d1e0122be42425a64b96cf7e1d781",
       "an environment's key is the same on every machine");
    digest_environment(again, context, "sha256:aa", args);
    is(again, key, "and every time");
    digest_environment(again, other, "sha256:aa", args);
    ok(strcmp(key, again) != 0, "other bytes are another environment");
    digest_environment(again, context, "sha256:ab", args);
    ok(strcmp(key, again) != 0, "and so is another base");
    digest_environment(again, context, "sha256:aa", fewer);
    ok(strcmp(key, again) != 0, "and so are other arguments");
    digest_environment(again, context, "sha256:aa", joined);
    ok(strcmp(key, again) != 0, "however they are written");
}

static void test_many_readers(void)
{
    struct build_log *log = begin();
    struct build_log_cursor cursors[200] = {0}, late = {0};
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    int wrong = 0;

    for (int round = 0; round < 3; round++) {
        char text[32];

        snprintf(text, sizeof text, "round %d", round);
        say(log, text);
        pass();
        preads = 0;
        for (int i = 0; i < 200; i++) {
            buf_clear(&out);
            wrong += !build_log_read(log, &cursors[i], &out) || !strstr(buf_text(&out), text);
        }
        ok(!wrong && preads <= 2, "two hundred readers of the same lines cost one reading");
    }
    buf_clear(&out);
    ok(build_log_read(log, &late, &out) && strstr(buf_text(&out), "round 0") && strstr(buf_text(&out), "round 2"),
       "who comes later has all of it");
    build_log_release(&log);
}

int main(void)
{
    struct err e;

    if (loop_new(&loop, &e) < 0)
        return 1;
    snprintf(path, sizeof path, "/tmp/rb-test-log-%d", (int)getpid());
    test_lines();
    test_small_reader();
    test_gathering();
    test_many_readers();
    test_million_lines();
    test_next_daemon();
    test_key();
    loop_free(&loop);
    return tap_end();
}
