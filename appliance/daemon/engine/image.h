/* Images of the engine. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_IMAGE_H
#define ENGINE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "loop/op.h"

struct engine;

struct engine_image {
    char id[72];  /* "sha256:..." */
    char *labels; /* the labels as a JSON object, owned by the caller; NULL: none */
    int64_t size_bytes;
    /* At most so many bytes of the image's description stand in every listing of containers, for each of its own:
     * labels, ports, volumes, entry point. */
    size_t listed_bytes;
};

/* Errors: ERR_ENGINE_MISSING when there is no image of that name. */
struct op *engine_image_inspect(struct engine *en, const char *name, struct engine_image *out, struct done done);
struct engine_image_size {
    char id[72]; /* "sha256:..." */
    int64_t bytes;
};
struct engine_image_sizes {
    struct engine_image_size *items; /* owned: free() */
    size_t count;
};
/* Of all images that carry our instance's label. */
struct op *engine_image_sizes(struct engine *en, struct engine_image_sizes *out, struct done done);
/* Gives an image one more name ("repository:tag"). */
struct op *engine_image_tag(struct engine *en, const char *image, const char *name, struct done done);
/* No error when there is none. */
struct op *engine_image_remove(struct engine *en, const char *name, struct done done);

/* The value of one label of `labels`, to be freed; NULL when it is not there. */
char *engine_image_label(const struct engine_image *image, const char *name);

#endif
