/* A build's log: encoded once, read from anywhere, bounded. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "build/digest.h"
#include "build/log.h"
#include "tap.h"

static char path[64];

static struct build_log *begin(void)
{
    struct build_log *log = NULL;
    struct err e;

    if (build_log_open(&log, path, &e) < 0)
        printf("Bail out! %s\n", e.text);
    return log;
}

static void say(struct build_log *log, const char *text)
{
    build_log_line(log, "building", text, strlen(text));
}

static void count_wake(void *arg)
{
    ++*(int *)arg;
}

static void test_lines(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    uint64_t cursor = 0, late = 0;
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
    build_log_read(log, &late, &out);
    ok(strstr(buf_text(&out), "two") && strstr(buf_text(&out), "fetching"), "who comes late reads from the beginning");
    is_number((long long)late, (long long)out.len, "a cursor is a byte offset");
    late = 3;
    buf_clear(&out);
    build_log_read(log, &late, &out);
    is(buf_text(&out), "{\"phase\":\"building\",\"message\":\"two\\n\"}\n", "from within a line, the next one is read");
    late = 1000000;
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
    uint64_t cursor = 0;
    int reads = 0;

    say(log, "first line");
    say(log, "second line");
    say(log, "third line");
    while (build_log_read(log, &cursor, &out)) {
        ok(out.bytes[out.len - 1] == '\n' && out.bytes[0] == '{', "a small reader gets whole lines, piece %d", ++reads);
        buf_clear(&out);
    }
    is_number(reads, 2, "as many as fit at a time");
    build_log_release(&log);
}

static void test_bound(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(1 << 20);
    char text[1001];
    uint64_t cursor = 0;
    struct stat st;

    memset(text, 'x', 1000);
    text[1000] = '\0';
    for (int i = 0; i < 20000; i++)
        say(log, text);
    stat(path, &st);
    ok(st.st_size <= BUILD_LOG_MAX, "20 MB of lines leave a file of %lld bytes", (long long)st.st_size);
    cursor = (uint64_t)st.st_size - 1500;
    build_log_read(log, &cursor, &out);
    ok(strstr(buf_text(&out), "This log is longer than 16 MiB; what follows is not kept.") != NULL,
       "and its last line says that there was more");
    build_log_release(&log);
}

static void test_next_daemon(void)
{
    struct build_log *log = begin();
    cleanup_buf struct buf out = BUF_OF(BUILD_LOG_LINE_MAX);
    uint64_t cursor = 0;
    FILE *file;

    say(log, "before");
    build_log_put_away(log);
    build_log_release(&log);
    file = fopen(path, "a");
    fputs("{\"phase\":\"buil", file);
    fclose(file);
    log = begin();
    say(log, "after");
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

int main(void)
{
    snprintf(path, sizeof path, "/tmp/rb-test-log-%d", (int)getpid());
    test_lines();
    test_small_reader();
    test_bound();
    test_next_daemon();
    test_key();
    return tap_end();
}
