/* Images of ours: how they are marked, and whether one is there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_IMAGE_H
#define BUILD_IMAGE_H

#include <stdbool.h>

#include "build/build.h"
#include "build/pairs.h"
#include "engine/image.h"

/*
 * A name says nothing of how an image was made. Its labels do (decisions 24): io.ringbinder.lane, .generation (of what
 * the lane makes of the same repository) and .settings (a hash of what else went in: base and certificates). One whose
 * labels are not those of today is not found, and built again.
 */
#define IMAGE_GENERATION "1" /* one up when a lane makes something else of the same repository */

struct image_marks {
    char dockerfile[17], layers[17]; /* io.ringbinder.settings of each lane */
};

/* Reads the bundle. Errors: ERR_SYSTEM. */
int image_marks_make(struct image_marks *out, const char *base, const char *ca_bundle, struct err *e) ERR_CHECKED;

/* Adds those three. */
void image_mark(struct pairs *labels, const struct image_marks *marks, const char *lane);

/* Whether the image is one of today's, and passes image_check(); `lane`: NULL: any. */
bool image_is_current(const struct engine_image *image, const struct image_marks *marks, const char *lane);

/* Whether listings of containers can bear it; -1: ERR_BUILD_LISTED, with a sentence for the visitor. */
#define IMAGE_LISTED_MAX 32768 /* bytes (engine/image.h): 256 sessions of such images are one listing */
int image_check(const struct engine_image *image, struct err *e) ERR_CHECKED;

struct image_row {
    const char *name, *engine_id, *lane;
    const char *key; /* of an environment; "" for content */
};
/* Writes the row of an image that is there: the one of its name, or a new one. *row is its id. */
int image_note(struct store *store, const struct image_row *image, struct id *row, struct err *e) ERR_CHECKED;

#endif
