/* The operator's images: /api/images, with the sizes that the engine knows. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "api/later.h"
#include "api/list.h"
#include "api/parts.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/image.h"
#include "store/rows.h"

struct images {
    struct later later;
    struct api *api;
    struct engine_image_sizes sizes;
    struct list_json list;
};

static const struct engine_image_size *size_of(const struct images *images, const char *engine_id)
{
    for (size_t i = 0; i < images->sizes.count; i++)
        if (str_is(images->sizes.items[i].id, engine_id))
            return &images->sizes.items[i];
    return NULL;
}

static void add_image(void *arg, const struct store_image *row)
{
    struct images *images = arg;
    struct list_json *l = &images->list;
    const struct engine_image_size *size = size_of(images, row->engine_id);

    if (!list_row(l))
        return;
    list_text(l, "name", row->name);
    list_text(l, "kind", *row->key ? "environment" : "content");
    list_text(l, "lane", row->lane);
    list_text(l, "engine_id", row->engine_id);
    list_time(l, "created_ms", row->created);
    list_time(l, "used_ms", row->used);
    list_number(l, "size_bytes", size ? size->bytes : -1);
    list_row_end(l);
}

/* Without the engine there are rows, and an error beside them. */
static void write_images(struct later *later, const struct err *fault, struct buf *json)
{
    struct images *images = container_of(later, struct images, later);
    struct list_json *l = &images->list;
    struct err e;

    if (store_image_load_newest(images->api->parts.store, l->limit + 1, add_image, images, &e) < 0)
        fault = &e;
    list_end(l);
    buf_add(json, l->json.bytes, l->json.len - 1);
    if (fault) {
        buf_add_text(json, ", ");
        reply_write_error(json, fault);
    }
    buf_add_char(json, '}');
}

static void end_images(struct later *later)
{
    struct images *images = container_of(later, struct images, later);

    free(images->sizes.items);
    buf_free(&images->list.json);
    free(images);
}

enum MHD_Result serve_images(struct api *a, struct request *r)
{
    struct images *images = mem_zero(1, sizeof *images);
    struct err e;

    images->later = (struct later){.write = write_images, .end = end_images};
    images->api = a;
    if (list_begin(&images->list, r, "images", &e) < 0) {
        end_images(&images->later);
        return reply_error(a, r, &e);
    }
    images->later.asked =
        engine_image_sizes(a->parts.engine, &images->sizes, (struct done){later_done, &images->later});
    return later_reply(a, r, &images->later);
}
