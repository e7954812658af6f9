/* A build's records as lines: what BuildKit told a real build, and what it might tell. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "engine/trace.h"
#include "tap.h"

/* ---- lines, gathered ---- */

static struct buf lines = {.limit = 1 << 20};
static size_t longest;

static void take_line(void *arg, const char *text, size_t len)
{
    buf_add(&lines, text, len);
    buf_add_char(&lines, '\n');
    if (len > longest)
        longest = len;
}

/* Every image that was told, "*" in front of a frontend's. */
static struct buf read_images = {.limit = 1 << 20};

static void take_image(void *arg, struct slice name, bool frontend)
{
    buf_add_format(&read_images, "%s%.*s ", frontend ? "*" : "", (int)name.len, name.at);
}

static struct trace *begin(void)
{
    buf_clear(&lines);
    buf_clear(&read_images);
    longest = 0;
    return trace_new(&(struct trace_listener){take_line, take_image, NULL});
}

/* ---- records, written ---- */

static void add_varint(struct buf *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        buf_add_char(out, (char)(value | 0x80));
    buf_add_char(out, (char)value);
}

static void add_bytes(struct buf *out, unsigned field, const void *bytes, size_t len)
{
    add_varint(out, field << 3 | 2);
    add_varint(out, len);
    buf_add(out, bytes, len);
}

static void add_text(struct buf *out, unsigned field, const char *text)
{
    add_bytes(out, field, text, strlen(text));
}

static void add_time(struct buf *out, unsigned field, uint64_t ms)
{
    cleanup_buf struct buf time = BUF_OF(64);

    add_varint(&time, 1 << 3);
    add_varint(&time, ms / 1000);
    add_varint(&time, 2 << 3);
    add_varint(&time, ms % 1000 * 1000000);
    add_bytes(out, field, time.bytes, time.len);
}

/* What a record holds, as message `field` of the whole; sent at once. */
static int send_as(struct trace *t, unsigned field, struct buf *message)
{
    cleanup_buf struct buf record = BUF_OF(1 << 20);
    struct err e;

    add_bytes(&record, field, message->bytes, message->len);
    buf_free(message);
    return trace_add(t, record.bytes, record.len, &e);
}

struct vertex {
    const char *digest, *name, *error;
    uint64_t started, completed;
    bool cached;
};

static void send_vertex(struct trace *t, struct vertex v)
{
    struct buf message = BUF_OF(1 << 20);

    add_text(&message, 1, v.digest);
    add_text(&message, 3, v.name);
    if (v.cached) {
        add_varint(&message, 4 << 3);
        add_varint(&message, 1);
    }
    if (v.started)
        add_time(&message, 5, v.started);
    if (v.completed)
        add_time(&message, 6, v.completed);
    if (v.error)
        add_text(&message, 7, v.error);
    send_as(t, 1, &message);
}

static void send_log(struct trace *t, const char *digest, uint64_t when, const char *text)
{
    struct buf message = BUF_OF(1 << 20);

    add_text(&message, 1, digest);
    add_time(&message, 2, when);
    add_text(&message, 4, text);
    send_as(t, 3, &message);
}

/* ---- a real build's records ---- */

static struct trace *replay(const char *name)
{
    const char *source = getenv("SRCDIR");
    cleanup_free char *path = mem_format("%s/tests/fuzz/corpus/trace/%s", source ? source : ".", name);
    cleanup_file FILE *file = fopen(path, "rb");
    struct trace *t = begin();
    unsigned char head[2], record[65536];

    while (file && fread(head, 1, 2, file) == 2) {
        size_t len = fread(record, 1, (size_t)head[0] << 8 | head[1], file);
        struct err e;

        if (trace_add(t, record, len, &e) < 0)
            ok(false, "%s: %s", name, e.text);
    }
    return t;
}

static void test_real_builds(void)
{
    struct trace *t = replay("fail");

    ok(strstr(buf_text(&lines), "#1 [internal] load metadata for docker.io/ringbinder/debian:1\n#1 DONE 0.") != NULL,
       "asking for the base's metadata is told, because a registry may be slow");
    ok(strstr(buf_text(&lines), "load build") == NULL && strstr(buf_text(&lines), "/context") == NULL,
       "the engine's talking to itself is left out");
    ok(strstr(buf_text(&lines), "[3/3] RUN echo one; printf") != NULL, "a step is told by its name");
    ok(strstr(buf_text(&lines), " half line\n") != NULL, "a line that came in two pieces is one");
    ok(strstr(buf_text(&lines), " 20%\n") && !strstr(buf_text(&lines), "10%\r"), "of a progress bar its end is kept");
    ok(strstr(buf_text(&lines), "ERROR: executor failed running") != NULL, "the step's error is told");
    ok(strstr(trace_failed_step(t), "[3/3] RUN echo one") == trace_failed_step(t), "the step that failed is known");
    is(trace_failed_line(t), "boom", "and the last line that it wrote");
    trace_free(&t);

    t = replay("copy");
    ok(strstr(buf_text(&lines), "#1 [1/1] COPY a.txt /\n#1 DONE 0.") != NULL,
       "a step that ended says how long it took");
    ok(strstr(buf_text(&lines), "#2 exporting to image\n#2 done: exporting layers\n") != NULL,
       "parts of a step are told when they are done");
    is(trace_failed_step(t), "", "no step failed");
    trace_free(&t);

    t = replay("missing");
    ok(strstr(buf_text(&lines), "#1 ERROR: \"/nothere\" not found") != NULL, "a missing file is an error of its step");
    trace_free(&t);
}

#define OTHER "docker.io/ringbinder/i-victim:abc "

/* Builds that read another repository's image, on Engine 20.10. */
static void test_images(void)
{
    static const struct {
        const char *name, *image, *what;
    } real[] = {{"from-other", OTHER, "an image that a stage is FROM is told"},
                {"copy-other", OTHER, "so is one that COPY --from names"},
                {"mount-other", OTHER, "and one that RUN --mount names"},
                {"copy-other", "docker.io/ringbinder/stub:1 ", "beside what the stage is FROM"},
                {"frontend", "*docker.io/ringbinder/stub:1 ", "a frontend is told as such"}};
    struct trace *t;

    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        t = replay(real[i].name);
        ok(strstr(buf_text(&read_images), real[i].image) != NULL, "%s", real[i].what);
        trace_free(&t);
    }
}

/* ---- what might be told ---- */

static void test_image_names(void)
{
    static const char *const none[] = {
        "[2/3] RUN FROM x",           "[2/3] COPY --from=x / /", "[internal] load build FROM x",
        "https://example.org/FROM x", "[a] [b] FROM x",          "from x"};
    struct trace *t = begin();

    send_vertex(t, (struct vertex){.digest = "a", .name = "[linux/arm64 a-b 1/2] FROM docker.io/x:1@sha256:ab "});
    is(buf_text(&read_images), "docker.io/x:1@sha256:ab ", "a step that is only planned tells its image");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        send_vertex(t, (struct vertex){.digest = "b", .name = none[i], .started = 1});
    is(buf_text(&read_images), "docker.io/x:1@sha256:ab ", "words in other steps' names are no images");
    for (int i = 0; i < TRACE_STEPS_MAX; i++) {
        char digest[16];

        snprintf(digest, sizeof digest, "%d", i);
        send_vertex(t, (struct vertex){.digest = digest, .name = "x", .started = 1});
    }
    send_vertex(t, (struct vertex){.digest = "last", .name = "FROM y"});
    send_vertex(t, (struct vertex){.digest = "", .name = "docker-image://z"});
    is(buf_text(&read_images), "docker.io/x:1@sha256:ab y z ",
       "however many steps there are, and however odd they are");
    trace_free(&t);
}

static void test_steps(void)
{
    struct trace *t = begin();

    send_vertex(t, (struct vertex){.digest = "a", .name = "[1/2] FROM x"});
    is(buf_text(&lines), "", "a step that is only planned is not told");
    send_vertex(t, (struct vertex){.digest = "a", .name = "[1/2] FROM x", .started = 1000});
    send_vertex(t, (struct vertex){.digest = "a", .name = "[1/2] FROM x", .started = 1000, .completed = 5230});
    send_vertex(t, (struct vertex){.digest = "a", .name = "[1/2] FROM x", .started = 1000, .completed = 5230});
    is(buf_text(&lines), "#1 [1/2] FROM x\n#1 DONE 4.2s\n", "each step is told once, with its time");
    send_vertex(t, (struct vertex){.digest = "a", .name = "", .started = 1000, .completed = 5230, .cached = true});
    ok(strstr(buf_text(&lines), "DONE 4.2s\n#1 CACHED\n") != NULL, "that it was cached may be told after its end");
    send_vertex(t, (struct vertex){.digest = "b", .name = "two\nlines", .started = 1000});
    ok(strstr(buf_text(&lines), "#2 two lines\n") != NULL, "a name with a newline is one line");
    send_vertex(t, (struct vertex){.digest = "c",
                                   .name = "[internal] load build definition from Dockerfile",
                                   .started = 1,
                                   .completed = 2,
                                   .error = "no such file"});
    ok(strstr(buf_text(&lines), "#3 [internal] load build definition from Dockerfile\n#3 ERROR: no such file\n") !=
           NULL,
       "a step that is left out is told when it fails");
    trace_free(&t);
}

static void test_output(void)
{
    struct trace *t = begin();

    send_vertex(t, (struct vertex){.digest = "a", .name = "x", .started = 1000});
    buf_clear(&lines);
    send_log(t, "a", 3345, "one\r\ntwo\nthr");
    send_log(t, "a", 3346, "ee\rfour");
    is(buf_text(&lines), "#1 2.345 one\n#1 2.345 two\n", "lines are told as they end");
    trace_end(t);
    is(buf_text(&lines), "#1 2.345 one\n#1 2.345 two\n#1 0.000 four\n", "and the last one at the end");
    send_log(t, "never heard of", 1, "text\n");
    is(buf_text(&lines), "#1 2.345 one\n#1 2.345 two\n#1 0.000 four\n", "what belongs to no step is not told");
    trace_free(&t);
}

static void test_long_line(void)
{
    struct trace *t = begin();
    char piece[1001];
    size_t told = 0;

    memset(piece, 'x', 1000);
    piece[1000] = '\0';
    send_vertex(t, (struct vertex){.digest = "a", .name = "", .started = 1000});
    for (int i = 0; i < 30; i++)
        send_log(t, "a", 1000, piece);
    send_log(t, "a", 1000, "\n");
    for (const char *c = buf_text(&lines); *c; c++)
        told += *c == 'x';
    is_number((long long)told, 30000, "of a line without an end nothing is lost");
    ok(longest <= TRACE_LINE_MAX, "it comes in pieces of at most 8 KiB");
    trace_free(&t);
}

static void test_failed_line(void)
{
    struct trace *t = begin();

    send_vertex(t, (struct vertex){.digest = "a", .name = "[2/2] RUN make", .started = 1000});
    send_vertex(t, (struct vertex){.digest = "b", .name = "other", .started = 1000});
    send_log(t, "b", 1000, "the other's\n");
    send_log(t, "a", 1000, "\x1b[31mred\x1b[0m \xff\xc3\xa9 \x07 bell\n\n  \n");
    send_vertex(t,
                (struct vertex){
                    .digest = "b", .name = "other", .started = 1000, .completed = 2000, .error = "context canceled"});
    send_vertex(
        t, (struct vertex){
               .digest = "a", .name = "[2/2] RUN make", .started = 1000, .completed = 2000, .error = "exit code: 2"});
    is(trace_failed_step(t), "[2/2] RUN make", "a step that was only stopped is not the one that failed");
    is(trace_failed_line(t), "red \xc3\xa9  bell", "its last line that says something, without colours and controls");
    trace_free(&t);
}

static void test_hostile(void)
{
    static const char *const broken[] = {
        "\x0a", /* a length is missing */
        "\x0a\x05"
        "ab", /* it is longer than the record */
        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
        "a",    /* or than anything */
        "\x0b", /* a group */
        "\x02\x01"
        "a",                                            /* field number 0 */
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", /* a number without an end */
        "\x0a\x02\x0a\x09",                             /* a fault inside */
    };
    struct trace *t = begin();
    struct err e;

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        e.code = ERR_NONE;
        ok(trace_add(t, broken[i], strlen(broken[i]), &e) == -1 && e.code == ERR_TRACE_MALFORMED,
           "record %zu that is none is an error", i);
    }
    for (int i = 0; i < TRACE_STEPS_MAX + 50; i++) {
        char digest[16];

        snprintf(digest, sizeof digest, "%d", i);
        send_vertex(t, (struct vertex){.digest = digest, .name = "x", .started = 1});
    }
    ok(strstr(buf_text(&lines), "#1024 x\nThis build has more steps than are told here; the rest goes on untold.\n"),
       "after 1,024 steps a sentence says that there are more");
    ok(!strstr(buf_text(&lines), "#1025"), "and they are not told");
    trace_free(&t);
}

int main(void)
{
    test_real_builds();
    test_images();
    test_steps();
    test_image_names();
    test_output();
    test_long_line();
    test_failed_line();
    test_hostile();
    buf_free(&lines);
    buf_free(&read_images);
    return tap_end();
}
