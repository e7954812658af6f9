/* The environment that a repository asks for: found by the hash of what it is made of, or built. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/environment.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/digest.h"
#include "build/image.h"
#include "build/make.h"
#include "build/queue.h"
#include "build/room.h"
#include "loop/flow.h"
#include "loop/loop.h"

#define PIECE 65536 /* bytes that are copied at a time */
#define ASK_S 90    /* of a question about an image; the engine room gives up before, and says of whom it waited */
#define CONTEXT_S 600

struct environment {
    struct op op;
    struct flow flow;
    struct builds *all;
    struct environment_spec spec;
    char *image; /* the caller's, ENVIRONMENT_IMAGE_MAX bytes */
    struct done done;
    struct engine_image base, known;
    struct op spooling;
    struct done spooled; /* without a function while nothing is spooled */
    FILE *spool;         /* context 0, without a name in the folder */
    crypto_hash_sha256_state hash;
    char key[DIGEST_TEXT], name[ENVIRONMENT_IMAGE_MAX];
    char built[72]; /* its id in the engine */
};

static struct environment *environment_of(struct flow *f)
{
    return container_of(f, struct environment, flow);
}

static bool needs_one(const struct environment *n)
{
    return n->spec.plan->images > 1;
}

static void say(const struct environment *n, const char *text)
{
    build_say(n->spec.build, "building", text, strlen(text));
}

/* ---- step base: what it stands on ---- */

static enum flow_result base_inspect(struct flow *f, struct err *e)
{
    struct environment *n = environment_of(f);

    if (!str_is(n->spec.plan->lane, "layers"))
        return FLOW_NEXT;
    str_copy(n->image, ENVIRONMENT_IMAGE_MAX, n->all->base);
    return flow_wait(f, engine_image_inspect(n->all->engine, n->all->base, &n->base, flow_done(f)));
}

static enum flow_result base_missing(struct flow *f, struct err *e)
{
    if (e->code == ERR_ENGINE_MISSING)
        err_set(e, ERR_BUILD_NO_BASE, "the base image %s is not on this machine", environment_of(f)->all->base);
    return FLOW_FAIL;
}

/* ---- step context: its tar, spooled and hashed ---- */

static void cancel_spooling(struct op *op)
{
    container_of(op, struct environment, spooling)->spooled = (struct done){0};
}

static enum flow_result context_spool(struct flow *f, struct err *e)
{
    struct environment *n = environment_of(f);

    if (!needs_one(n))
        return FLOW_NEXT;
    n->spool = builds_temporary(n->all, e);
    if (!n->spool)
        return FLOW_FAIL;
    crypto_hash_sha256_init(&n->hash);
    n->spooling.cancel = cancel_spooling;
    n->spooled = flow_done(f);
    fetcher_context(n->spec.fetcher, 0, ENVIRONMENT_CONTEXT_MAX);
    return flow_wait(f, &n->spooling);
}

static enum flow_result context_late(struct flow *f, struct err *e)
{
    if (e->code == ERR_DEADLINE)
        err_set(e, ERR_FETCH_AWAY, "the files that the environment is made of did not come within %d s", CONTEXT_S);
    return FLOW_FAIL;
}

static void end_spooling(struct environment *n, const struct err *e)
{
    struct done done = n->spooled;

    n->spooled = (struct done){0};
    done_call(done, e);
}

void environment_more(struct op *op)
{
    struct environment *n = container_of(op, struct environment, op);
    unsigned char piece[PIECE];
    struct err e;
    ssize_t got;

    if (!n->spooled.call)
        return;
    while ((got = fetcher_pull(n->spec.fetcher, piece, sizeof piece)) > 0) {
        n->spec.build->progress = loop_now(n->all->loop);
        crypto_hash_sha256_update(&n->hash, piece, (size_t)got);
        if (fwrite(piece, 1, (size_t)got, n->spool) != (size_t)got) {
            err_set_errno(&e, ERR_SYSTEM, "keeping the environment's files");
            end_spooling(n, &e);
            return;
        }
    }
    if (got == 0)
        end_spooling(n, NULL);
}

/* ---- step known: whether there is one of that key ---- */

/* FROM is the daemon's own (decisions 23). */
static void add_args(struct pairs *args, const char *from)
{
    build_args_begin(args);
    pairs_add(args, "RB_ENVIRONMENT", from);
}

static enum flow_result known_inspect(struct flow *f, struct err *e)
{
    struct environment *n = environment_of(f);
    cleanup_pairs struct pairs args = {0};
    unsigned char digest[crypto_hash_sha256_BYTES];

    if (!needs_one(n))
        return FLOW_NEXT;
    crypto_hash_sha256_final(&n->hash, digest);
    add_args(&args, n->all->base);
    digest_environment(n->key, digest, n->base.id, (const char *const *)args.items);
    snprintf(n->name, sizeof n->name, "ringbinder/env:%.32s", n->key);
    str_copy(n->image, ENVIRONMENT_IMAGE_MAX, n->name);
    return flow_wait(f, engine_image_inspect(n->all->engine, n->name, &n->known, flow_done(f)));
}

/* Not being there is an answer. */
static enum flow_result known_missing(struct flow *f, struct err *e)
{
    return e->code == ERR_ENGINE_MISSING ? FLOW_NEXT : FLOW_FAIL;
}

/* ---- step image ---- */

/* The name holds half of the key; the label holds all of it. */
static bool is_known(const struct environment *n)
{
    cleanup_free char *key = engine_image_label(&n->known, "io.ringbinder.environment");

    return key && str_is(key, n->key) && image_is_current(&n->known, &n->all->marks, n->spec.plan->lane);
}

static ssize_t pull_spool(void *arg, void *to, size_t room)
{
    struct environment *n = arg;

    return (ssize_t)fread(to, 1, room, n->spool);
}

static void take_line(void *arg, const char *text, size_t len)
{
    struct environment *n = arg;

    build_say(n->spec.build, "building", text, len);
}

static enum flow_result image_build(struct flow *f, struct err *e)
{
    struct environment *n = environment_of(f);
    struct make_spec spec = {.name = n->name,
                             .environment = n->all->base,
                             .dockerfile = n->spec.plan->dockerfile[0],
                             .pull = pull_spool,
                             .line = take_line,
                             .arg = n};

    if (!needs_one(n))
        return FLOW_NEXT;
    if (is_known(n)) {
        str_copy(n->built, sizeof n->built, n->known.id);
        say(n, "The environment is the same as one that was built before: it is used again.");
        return FLOW_NEXT;
    }
    say(n, "Building the environment.");
    if (fflush(n->spool) || fseek(n->spool, 0, SEEK_SET) < 0) {
        err_set_errno(e, ERR_SYSTEM, "keeping the environment's files");
        return FLOW_FAIL;
    }
    add_args(&spec.args, n->all->base);
    build_args_add_proxies(&spec.args);
    image_mark(&spec.labels, &n->all->marks, n->spec.plan->lane);
    pairs_add(&spec.labels, "io.ringbinder.environment", n->key);
    return flow_wait(f, make_image(n->all, &spec, n->built, flow_done(f)));
}

static enum flow_result row_write(struct flow *f, struct err *e)
{
    struct environment *n = environment_of(f);
    struct image_row row = {.name = n->name, .engine_id = n->built, .lane = n->spec.plan->lane, .key = n->key};
    struct id id;

    return needs_one(n) && image_note(n->all->store, &row, &id, e) < 0 ? FLOW_FAIL : FLOW_NEXT;
}

static const struct flow_step environment_steps[] = {
    {"base", ASK_S, base_inspect, base_missing},
    {"context", CONTEXT_S, context_spool, context_late},
    {"known", ASK_S, known_inspect, known_missing},
    {"image", 0, image_build, NULL}, /* the build as a whole has a limit */
    {"row", 1, row_write, NULL},
    {0},
};

static void environment_end(struct flow *f, const struct err *e)
{
    struct environment *n = environment_of(f);
    struct done done = n->done;

    free(n->base.labels);
    free(n->known.labels);
    if (n->spool)
        fclose(n->spool);
    free(n);
    done_call(done, e);
}

/* Begun again from its beginning when the build is: no step is committed. */
static const struct flow_kind environment_kind = {environment_steps, NULL, environment_end};

static void environment_cancel(struct op *op)
{
    struct environment *n = container_of(op, struct environment, op);

    flow_abandon(&n->flow, &n->done);
}

struct op *environment_make(struct builds *all, const struct environment_spec *spec, char image[ENVIRONMENT_IMAGE_MAX],
                            struct done done)
{
    struct environment *n = mem_zero(1, sizeof *n);

    n->op.cancel = environment_cancel;
    n->all = all;
    n->spec = *spec;
    n->image = image;
    n->done = done;
    image[0] = '\0';
    flow_start(&n->flow, &environment_kind, all->loop, NULL);
    return &n->op;
}
