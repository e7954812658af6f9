/* Images of ours: labels, rows, and the question whether one is there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/image.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/queue.h"
#include "store/rows.h"

/* ---- marks ---- */

static int hash_file(crypto_hash_sha256_state *state, const char *path, struct err *e)
{
    cleanup_file FILE *file = fopen(path, "rbe");
    unsigned char bytes[4096];
    size_t len;

    if (!file)
        return err_set_errno(e, ERR_SYSTEM, "the certificates for builds, %s", path);
    while ((len = fread(bytes, 1, sizeof bytes, file)))
        crypto_hash_sha256_update(state, bytes, len);
    return ferror(file) ? err_set_errno(e, ERR_SYSTEM, "the certificates for builds, %s", path) : 0;
}

static int hash_settings(char out[17], const char *base, const char *ca_bundle, struct err *e)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)base, strlen(base) + 1);
    if (ca_bundle && hash_file(&state, ca_bundle, e) < 0)
        return -1;
    crypto_hash_sha256_final(&state, digest);
    str_hex(out, digest, 8);
    return 0;
}

/* Certificates are put into a stranger's Dockerfile only: the base has them already. */
int image_marks_make(struct image_marks *out, const char *base, const char *ca_bundle, struct err *e)
{
    if (hash_settings(out->dockerfile, "", ca_bundle, e) < 0)
        return -1;
    return hash_settings(out->layers, base, NULL, e);
}

static const char *settings_of(const struct image_marks *marks, const char *lane)
{
    if (str_is(lane, "dockerfile"))
        return marks->dockerfile;
    return str_is(lane, "layers") ? marks->layers : NULL;
}

/* ---- labels ---- */

void image_mark(struct pairs *labels, const struct image_marks *marks, const char *lane)
{
    pairs_add(labels, "io.ringbinder.lane", lane);
    pairs_add(labels, "io.ringbinder.generation", IMAGE_GENERATION);
    pairs_add(labels, "io.ringbinder.settings", settings_of(marks, lane));
}

int image_check(const struct engine_image *image, struct err *e)
{
    if (image->listed_bytes <= IMAGE_LISTED_MAX)
        return 0;
    return err_set(
        e, ERR_BUILD_LISTED,
        "the image's labels, ports, volumes and entry point are %zu KiB, which every listing of this machine's "
        "containers would repeat; at most %d KiB are taken here",
        image->listed_bytes >> 10, IMAGE_LISTED_MAX >> 10);
}

bool image_is_current(const struct engine_image *image, const struct image_marks *marks, const char *lane)
{
    cleanup_free char *made_by = engine_image_label(image, "io.ringbinder.lane");
    cleanup_free char *generation = engine_image_label(image, "io.ringbinder.generation");
    cleanup_free char *settings = engine_image_label(image, "io.ringbinder.settings");
    const char *want = made_by ? settings_of(marks, made_by) : NULL;
    struct err large;

    return image_check(image, &large) == 0 && want && generation && settings && str_is(settings, want) &&
           str_is(generation, IMAGE_GENERATION) && (!lane || str_is(lane, made_by));
}

/* ---- rows ---- */

int image_note(struct store *store, const struct image_row *image, struct id *row, struct err *e)
{
    struct store_image put = {0};
    int there = store_image_by_name(store, image->name, &put, e);

    if (there < 0)
        return -1;
    if (!there)
        put = (struct store_image){.id = id_new(), .created = clock_utc_ms()};
    put.used = clock_utc_ms();
    str_copy(put.name, sizeof put.name, image->name);
    str_copy(put.engine_id, sizeof put.engine_id, image->engine_id);
    str_copy(put.key, sizeof put.key, image->key);
    str_copy(put.lane, sizeof put.lane, image->lane);
    *row = put.id;
    return store_image_put(store, &put, e);
}

/* ---- finding ---- */

struct find {
    struct op op;
    struct builds *all;
    char *name;
    struct engine_image image;
    struct op *question;
    struct build_result *out;
    struct done done;
};

static void free_find(struct find *f)
{
    free(f->image.labels);
    free(f->name);
    free(f);
}

static void cancel_find(struct op *op)
{
    struct find *f = container_of(op, struct find, op);

    op_cancel(&f->question);
    free_find(f);
}

static int note_found(struct find *f, struct id *row, struct err *e)
{
    cleanup_free char *lane = engine_image_label(&f->image, "io.ringbinder.lane");
    struct image_row image = {.name = f->name, .engine_id = f->image.id, .lane = lane, .key = ""};

    return image_note(f->all->store, &image, row, e);
}

static void inspected(void *arg, const struct err *failed)
{
    struct find *f = arg;
    struct build_result found = {0};
    struct done done = f->done;
    struct err e = {0};

    if (failed && failed->code != ERR_ENGINE_MISSING)
        e = *failed;
    else if (!failed && image_is_current(&f->image, &f->all->marks, NULL) && note_found(f, &found.image, &e) == 0)
        e.code = ERR_NONE;
    if (!e.code)
        *f->out = found;
    free_find(f);
    done_call(done, e.code ? &e : NULL);
}

struct op *build_image_find(struct builds *all, const char *image, struct build_result *out, struct done done)
{
    struct find *f = mem_zero(1, sizeof *f);

    f->op.cancel = cancel_find;
    f->all = all;
    f->name = mem_string(image);
    f->out = out;
    f->done = done;
    f->question = engine_image_inspect(all->engine, image, &f->image, (struct done){inspected, f});
    return &f->op;
}
