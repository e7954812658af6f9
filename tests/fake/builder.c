/* The half of the room engine that has images and builds, linked in its place: builds that do what the test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "loop/loop.h"

struct fake_builder fake_builder;

struct fake_build {
    struct op op;
    struct engine_build_spec spec;
    char labels[2048];
    char *image; /* the caller's */
    struct done done;
    struct loop_timer *timer;
    bool whole; /* its tar has come */
    struct err refused;
};

/* A question about one image. */
struct fake_question {
    struct op op;
    char image[512];
    char name[512];                 /* that it is to have; "": none */
    struct engine_image *inspected; /* NULL: it is not */
    bool removes;
    struct done done;
    struct loop_timer *timer;
};

struct engine *fake_builder_start(struct loop *loop)
{
    fake_builder = (struct fake_builder){.loop = loop, .takes_ms = 1000};
    list_init(&fake_builder.watchers);
    return (struct engine *)&fake_builder;
}

static struct fake_image *find_image(const char *name)
{
    for (size_t i = 0; i < fake_builder.n_images; i++)
        if (str_is(fake_builder.images[i].name, name) || str_is(fake_builder.images[i].id, name))
            return &fake_builder.images[i];
    return NULL;
}

void fake_builder_add(const char *name, const char *labels)
{
    struct fake_image *image = find_image(name);

    if (!image)
        image = &fake_builder.images[fake_builder.n_images++];
    snprintf(image->name, sizeof image->name, "%s", name);
    snprintf(image->id, sizeof image->id, "sha256:%s", name);
    snprintf(image->labels, sizeof image->labels, "%s", labels);
}

/* ---- questions ---- */

static void cancel_question(struct op *op)
{
    struct fake_question *q = container_of(op, struct fake_question, op);

    loop_timer_cancel(&q->timer);
    free(q);
}

static void remove_image(struct fake_image *image)
{
    *image = fake_builder.images[--fake_builder.n_images];
    fake_builder.removed++;
}

/* Another image of that name loses it, and is none any more. */
static void name_image(struct fake_image *image, const char *name)
{
    struct fake_image *before = find_image(name);

    snprintf(image->name, sizeof image->name, "%s", name);
    snprintf(fake_builder.tags + strlen(fake_builder.tags), sizeof fake_builder.tags - strlen(fake_builder.tags), "%s ",
             name);
    if (!before)
        return;
    *before = *image;
    *image = fake_builder.images[--fake_builder.n_images];
}

static void end_question(void *arg)
{
    struct fake_question *q = arg;
    struct fake_image *image = find_image(q->image);
    struct done done = q->done;
    struct err e;

    if (image && q->inspected) {
        snprintf(q->inspected->id, sizeof q->inspected->id, "%s", image->id);
        q->inspected->labels = mem_string(image->labels);
        q->inspected->listed_bytes = image->listed;
    } else if (image && q->removes) {
        remove_image(image);
    } else if (image) {
        name_image(image, q->name);
    }
    free(q);
    err_set(&e, ERR_ENGINE_MISSING, "no such image");
    done_call(done, image ? NULL : &e);
}

static struct fake_question *ask(const char *image, struct done done)
{
    struct fake_question *q = mem_zero(1, sizeof *q);

    q->op.cancel = cancel_question;
    q->done = done;
    snprintf(q->image, sizeof q->image, "%s", image);
    q->timer = loop_timer_new(fake_builder.loop, 1, end_question, q);
    return q;
}

struct op *engine_image_inspect(struct engine *en, const char *name, struct engine_image *out, struct done done)
{
    struct fake_question *q = ask(name, done);

    q->inspected = out;
    return &q->op;
}

struct op *engine_image_tag(struct engine *en, const char *image, const char *name, struct done done)
{
    struct fake_question *q = ask(image, done);

    snprintf(q->name, sizeof q->name, "%s", name);
    return &q->op;
}

struct op *engine_image_remove(struct engine *en, const char *name, struct done done)
{
    struct fake_question *q = ask(name, done);

    q->removes = true;
    return &q->op;
}

/* Labels are kept as "NAME=value;" here; the real ones are JSON. */
char *engine_image_label(const struct engine_image *image, const char *name)
{
    cleanup_free char *front = mem_format(";%s=", name);
    const char *at = image->labels ? strstr(image->labels, front) : NULL;
    const char *end = at ? strchr(at + 1, ';') : NULL;

    return end ? mem_copy(at + strlen(front), (size_t)(end - at) - strlen(front)) : NULL;
}

/* ---- builds ---- */

static void cancel(struct op *op)
{
    struct fake_build *b = container_of(op, struct fake_build, op);

    fake_builder.running--;
    fake_builder.cancelled++;
    loop_timer_cancel(&b->timer);
    free(b);
}

static void add_built(struct fake_build *b)
{
    struct fake_image *image = &fake_builder.images[fake_builder.n_images++];

    *image = (struct fake_image){.listed = fake_builder.listed};
    snprintf(image->id, sizeof image->id, "sha256:%d", fake_builder.builds);
    str_copy(image->labels, sizeof image->labels, b->labels);
    str_copy(b->image, 72, image->id);
}

static void end_building(void *arg)
{
    struct fake_build *b = arg;
    struct done done = b->done;
    struct err e = b->refused;

    fake_builder.running--;
    if (fake_builder.fail)
        err_set(&e, fake_builder.fail, "%s",
                fake_builder.fail_text ? fake_builder.fail_text : "[2/2] RUN false ended with exit code 1");
    if (!e.code)
        add_built(b);
    free(b);
    done_call(done, e.code ? &e : NULL);
}

static void finish(struct fake_build *b)
{
    struct slice image = slice_of(fake_builder.reads ? fake_builder.reads : "");
    bool stopped = image.len && b->spec.reads(b->spec.arg, image, &b->refused) < 0;

    b->whole = true;
    b->spec.line(b->spec.arg, "#1 [1/1] COPY . .", 17);
    b->timer = loop_timer_new(fake_builder.loop, stopped ? 0 : fake_builder.takes_ms, end_building, b);
}

void engine_build_more(struct op *op)
{
    struct fake_build *b = container_of(op, struct fake_build, op);
    char piece[5000];
    ssize_t got;

    if (b->whole || b->timer)
        return;
    while ((got = b->spec.pull(b->spec.arg, piece, sizeof piece)) > 0)
        fake_builder.bytes += (size_t)got;
    if (got == 0)
        finish(b);
}

static void begin_building(void *arg)
{
    struct fake_build *b = arg;

    b->timer = NULL;
    engine_build_more(&b->op);
}

static void add_words(char *to, size_t room, const char *const *words, const char *behind)
{
    for (size_t i = 0, at = strlen(to); words[i] && at < room; i++, at = strlen(to))
        snprintf(to + at, room - at, "%s%s", words[i], behind);
}

struct op *engine_build(struct engine *en, const struct engine_build_spec *spec, char image[72], struct done done)
{
    struct fake_build *b = mem_zero(1, sizeof *b);

    *b = (struct fake_build){.op = {cancel}, .spec = *spec, .image = image, .done = done, .labels = ";"};
    add_words(b->labels, sizeof b->labels, spec->labels, ";");
    fake_builder.builds++;
    if (++fake_builder.running > fake_builder.most_running)
        fake_builder.most_running = fake_builder.running;
    fake_builder.bytes = 0;
    fake_builder.args[0] = '\0';
    add_words(fake_builder.args, sizeof fake_builder.args, spec->args, " ");
    snprintf(fake_builder.dockerfile, sizeof fake_builder.dockerfile, "%s", spec->dockerfile);
    b->timer = loop_timer_new(fake_builder.loop, 0, begin_building, b);
    return &b->op;
}

unsigned engine_can(const struct engine *en)
{
    return ENGINE_CAN_TRACE | ENGINE_CAN_STOP_BUILD;
}

enum err_code engine_state(const struct engine *en)
{
    return fake_builder.state;
}

const char *engine_data_root(const struct engine *en)
{
    return "/";
}

void engine_watch(struct engine *en, struct watch *w)
{
    watch_begin(&fake_builder.watchers, w);
}

void fake_builder_turn(enum err_code state)
{
    fake_builder.state = state;
    watch_wake_all(&fake_builder.watchers);
}
