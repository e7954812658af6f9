/* A build's question and its answer, with an engine that says what the test wants. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "engine/ask.h"
#include "engine/build.h"
#include "engine/state.h"
#include "loop/loop.h"
#include "tap.h"

/* ---- in place of engine/ask.c ---- */

static struct engine_question asked;
static struct done asked_done;
static char *asked_path;
static bool cancelled;

static void cancel(struct op *op)
{
    cancelled = true;
}
static struct op question = {cancel};

struct op *engine_ask(struct engine *en, const struct engine_question *q, struct engine_answer *out, struct done done)
{
    asked = *q;
    asked_done = done;
    free(asked_path);
    asked_path = mem_string(q->path);
    return &question;
}

void engine_ask_more(struct op *op)
{
}

void engine_answer_free(struct engine_answer *a)
{
}

/* ---- a build ---- */

static struct engine engine = {.instance = "aaaa0000"};
static struct buf lines = {.limit = 1 << 20};
static char image[72];
static struct err failed;
static int calls;

static ssize_t pull(void *arg, void *to, size_t room)
{
    return 0;
}

static void take_line(void *arg, const char *text, size_t len)
{
    buf_add(&lines, text, len);
    buf_add_char(&lines, '\n');
}

static void took(void *arg, const struct err *e)
{
    calls++;
    failed = e ? *e : (struct err){0};
}

static int check_read(void *arg, struct slice name, struct err *e)
{
    return slice_is(name, "docker.io/other:1") ? err_set(e, ERR_PLAN_IMAGE, "another's") : 0;
}

static struct op *begin(int64_t memory)
{
    static const char *const args[] = {"RB_ENVIRONMENT=a/b:c", "EMPTY=", NULL};
    static const char *const labels[] = {"repo2docker.repo=https://example.org/\"x\"=1", NULL};
    struct engine_build_spec spec = {.dockerfile = "binder/Docker file",
                                     .args = args,
                                     .labels = labels,
                                     .memory_bytes = memory,
                                     .pull = pull,
                                     .line = take_line,
                                     .reads = check_read};

    buf_clear(&lines);
    calls = 0;
    cancelled = false;
    image[0] = '\0';
    return engine_build(&engine, &spec, image, (struct done){took, NULL});
}

static void say(const char *text)
{
    asked.chunk(asked.arg, text, strlen(text));
}

static void end(void)
{
    asked_done.call(asked_done.arg, NULL);
}

/* A whole build whose engine says this; what came of it. */
static enum err_code after(const char *text)
{
    begin(0);
    say(text);
    end();
    if (calls != 1)
        return ERR_INTERNAL;
    return failed.code;
}

/* ---- tests ---- */

static bool has_parameter(const char *name, const char *value)
{
    cleanup_buf struct buf found = BUF_OF(4096);

    return url_query_value(&found, slice_of(strchr(asked_path, '?') + 1), name) && strcmp(buf_text(&found), value) == 0;
}

static void test_question(void)
{
    struct op *op = begin(0);

    ok(has_parameter("version", "2") && strncmp(asked_path, "/build?", 7) == 0, "BuildKit is asked");
    ok(has_parameter("dockerfile", "binder/Docker file") && !strstr(asked_path, "&t="),
       "for an image of that Dockerfile, without a name");
    ok(has_parameter("buildargs", "{\"RB_ENVIRONMENT\":\"a/b:c\",\"EMPTY\":\"\"}"), "with the arguments");
    ok(has_parameter("labels", "{\"repo2docker.repo\":\"https://example.org/\\\"x\\\"=1\","
                               "\"io.ringbinder.instance\":\"aaaa0000\"}"),
       "and the labels, ours among them");
    ok(asked.limit_ms == ENGINE_NO_LIMIT && asked.pull, "its tar is streamed, for as long as it takes");
    op_cancel(&op);
    ok(cancelled && !calls, "cancelling cancels the question and calls nobody");
}

static void test_answer(void)
{
    begin(0);
    say("{\"id\":\"moby.buildkit.trace\",\"aux\":\"Ch0KAWEaElsxLzFdIENPUFkgYS50");
    say("eHQgLyABKgIIAQ==\"}\r\n\n{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:abc\"}}\n{\"stream\":\"Success");
    say("fully tagged x\\n\"}\n");
    is_number(calls, 0, "nobody is called before the end");
    end();
    ok(calls == 1 && !failed.code, "a build ends well");
    is(image, "sha256:abc", "with its image's id");
    is_number(after("{\"stream\":\"STEP 1/2\\nSTEP 2/2\\n\"}\n{\"aux\":{\"ID\":\"sha256:abc\"}}\n"),
              ERR_TRACE_MALFORMED, "an engine that does not tell what it reads has built nothing");
}

static void test_failures(void)
{
    is_number(after("{\"errorDetail\":{\"message\":\"executor failed running [/bin/sh -c x]: exit code: 37\"},"
                    "\"error\":\"x\"}\n"),
              ERR_BUILD_STEP, "20.10's words for an exit code are known");
    ok(strstr(failed.text, "exit code 37") != NULL, "and the code is told");
    is_number(after("{\"error\":\"process \\\"/bin/sh -c x\\\" did not complete successfully: exit code: 137\"}\n"),
              ERR_BUILD_MEMORY, "and so are those of 26");
    is_number(after("{\"error\":\"a step says exit code: 3 and goes on\"}\n"), ERR_BUILD_DOCKERFILE,
              "an exit code within the text is none");
    after("{\"error\":\"failed to solve with frontend dockerfile.v0: failed to create LLB definition: unknown x\"}\n");
    is(failed.text, "unknown x", "of an engine's words the cause is kept");
    after("{\"error\":\"failed to solve with frontend dockerfile.v0: no active sessions\"}\n");
    ok(strstr(failed.text, "secret") != NULL, "what it says of secrets is put into words");
    after("{\"error\":\"unknown instruction: a\\u0000b\"}\n");
    is_number(failed.code, ERR_BUILD_DOCKERFILE, "a NUL in its words hides nothing");
}

static void test_nonsense(void)
{
    struct buf long_record = BUF_OF(8 << 20);

    is_number(after(""), ERR_ENGINE_GONE, "an answer without an end of the build is none");
    is_number(after("no JSON at all\n"), ERR_TRACE_MALFORMED, "what is no JSON is an error");
    is_number(after("[1]\n{}\n"), ERR_ENGINE_GONE, "what is no object is passed over");
    is_number(after("{\"id\":\"moby.buildkit.trace\",\"aux\":\"***\"}\n"), ERR_TRACE_MALFORMED,
              "so is what is no base64");
    is_number(after("{\"id\":\"moby.buildkit.trace\",\"aux\":7}\n"), ERR_TRACE_MALFORMED, "and steps that are no text");
    is_number(after("{\"error\":7}\n{\"errorDetail\":[]}\n"), ERR_ENGINE_GONE,
              "fields of another type are passed over");
    is_number(after("{\"id\":\"moby.buildkit.trace\",\"aux\":\"***\"}\n{\"aux\":{\"ID\":\"sha256:abc\"}}\n"),
              ERR_TRACE_MALFORMED, "a build that may have read anything has not ended well, whatever it made");
    while (long_record.len < (5 << 20))
        buf_add_text(&long_record, "{\"stream\":\"and on and on and on");
    is_number(after(buf_text(&long_record)), ERR_TRACE_MALFORMED, "a record without an end is not kept");
    buf_free(&long_record);
}

static void test_limit(void)
{
    struct err e;

    begin(1 << 20);
    is_number(calls, 0, "nobody is called from inside the call");
    ok(loop_run(engine.loop, &e) == 0 && failed.code == ERR_ENGINE_NO_LIMITS,
       "a limit that is not enforced is not promised");
}

/* "[1/1] FROM docker.io/other:1", "[1/1] FROM docker.io/own:1" and "resolve image config for docker.io/own:1". */
#define READS_OTHER "{\"id\":\"moby.buildkit.trace\",\"aux\":\"CiEKAWEaHFsxLzFdIEZST00gZG9ja2VyLmlvL290aGVyOjE=\"}\n"
#define READS_OWN "{\"id\":\"moby.buildkit.trace\",\"aux\":\"Ch8KAWEaGlsxLzFdIEZST00gZG9ja2VyLmlvL293bjox\"}\n"
#define FRONTEND                                                                                                       \
    "{\"id\":\"moby.buildkit.trace\",\"aux\":\"Ci0KAWEaKHJlc29sdmUgaW1hZ2UgY29uZmlnIGZvciBkb2NrZXIuaW8vb3duOjE=\"}\n"
#define DONE "{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:abc\"}}\n"

static void test_reads(void)
{
    struct err e;

    is_number(after(READS_OWN DONE), ERR_NONE, "a build reads what it may");
    is_number(after(READS_OWN READS_OTHER DONE), ERR_PLAN_IMAGE, "one that reads what it may not makes no image");
    ok(strcmp(failed.text, "another's") == 0 && !image[0], "says so, and has none");
    is_number(after(READS_OTHER "{\"error\":\"x\"}\n"), ERR_PLAN_IMAGE, "whatever the engine says afterwards");
    is_number(after(FRONTEND DONE), ERR_PLAN_IMAGE, "nor does one whose Dockerfile another frontend reads");
    begin(0);
    say(READS_OWN);
    ok(loop_run(engine.loop, &e) == 0 && !cancelled, "what may be read stops nothing");
    say(READS_OTHER);
    ok(!calls && !cancelled, "nobody is called while the engine's words are read");
    ok(loop_run(engine.loop, &e) == 0 && cancelled && calls == 1,
       "then its connection is closed, and its build is over");
    is_number(failed.code, ERR_PLAN_IMAGE, "with the reason");
}

static void drop_line(void *arg, const char *line)
{
}

int main(void)
{
    struct err e;

    log_sink(drop_line, NULL);
    if (loop_new(&engine.loop, &e) < 0)
        abort();
    test_question();
    test_answer();
    test_failures();
    test_nonsense();
    test_reads();
    test_limit();
    loop_free(&engine.loop);
    buf_free(&lines);
    free(asked_path);
    return tap_end();
}
