/* Any bytes as the engine's answer to a build, in pieces of any size. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/ask.h"
#include "engine/build.h"
#include "engine/state.h"
#include "engine/steplimit.h"
#include "engine/trace.h"
#include "loop/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* What engine/build.c asks: the fuzzer answers. */
static struct engine_question asked;
static struct done asked_done;
static struct op asked_op;
static int ended;

struct op *engine_ask(struct engine *en, const struct engine_question *question, struct engine_answer *out,
                      struct done done)
{
    asked = *question;
    asked_done = done;
    return &asked_op;
}

void engine_ask_more(struct op *question)
{
}

void engine_answer_free(struct engine_answer *a)
{
}

void done_call(struct done done, const struct err *e)
{
    done.call(done.arg, e);
}

void op_cancel(struct op **op)
{
    *op = NULL;
}

struct loop_timer *loop_timer_new(struct loop *loop, int64_t after_ms, void (*call)(void *arg), void *arg)
{
    return NULL;
}

void loop_timer_cancel(struct loop_timer **timer)
{
}

int steplimit_add(struct steplimit *s, struct steplimit_build *b, struct err *e)
{
    return 0;
}

void steplimit_remove(struct steplimit *s, struct steplimit_build *b)
{
}

void steplimit_look(struct steplimit *s)
{
}

static void take_line(void *arg, const char *text, size_t len)
{
    demand(len <= TRACE_LINE_MAX && !memchr(text, '\n', len));
}

static int take_image(void *arg, struct slice image, struct err *e)
{
    return slice_is(image, "docker.io/library/other:1") ? err_set(e, ERR_PLAN_IMAGE, "another's") : 0;
}

static void take_end(void *arg, const struct err *e)
{
    const char *image = arg;

    ended++;
    demand(e ? e->code && e->text[0] && !strchr(e->text, '\n') : strncmp(image, "sha256:", 7) == 0);
    demand(strlen(image) < 72);
}

/* The first byte is how large the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct engine engine = {0};
    struct engine_build_spec spec = {.dockerfile = "Dockerfile", .line = take_line, .reads = take_image};
    size_t piece = len && bytes[0] ? bytes[0] : 4096;
    char image[72] = "";

    ended = 0;
    engine_build(&engine, &spec, image, (struct done){take_end, image});
    for (size_t at = 1; at < len; at += piece)
        asked.chunk(asked.arg, (const char *)bytes + at, len - at < piece ? len - at : piece);
    asked_done.call(asked_done.arg, NULL);
    demand(ended == 1);
    return 0;
}
