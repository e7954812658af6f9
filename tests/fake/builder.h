/* The half of the room engine that has images and builds, linked in its place: builds that do what the test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_BUILDER_H
#define FAKE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/list.h"

struct engine;
struct loop;

struct fake_image {
    char name[512], id[72], labels[2048];
    size_t listed;
};

/* A build takes its whole tar and says that it reads `reads`, then takes `takes_ms` of virtual time; with `fail` it
 * ends with that code, else there is an image of its labels, without a name. */
struct fake_builder {
    struct loop *loop;
    struct fake_image images[32];
    size_t n_images;
    int takes_ms;
    enum err_code fail, state;
    const char *reads;     /* NULL: nothing */
    size_t listed;         /* bytes, of the images that are built */
    const char *fail_text; /* NULL: of a step that failed */
    struct list watchers;
    int builds, running, most_running, cancelled, removed;
    size_t bytes;    /* of the last tar */
    char args[1024]; /* of the last build, with a blank behind each */
    char tags[2048]; /* names that images were given, in order, with a blank behind each */
    char dockerfile[256];
};
extern struct fake_builder fake_builder;

struct engine *fake_builder_start(struct loop *loop);
/* The engine goes (a code) or comes back (ERR_NONE). */
void fake_builder_turn(enum err_code state);
void fake_builder_add(const char *name, const char *labels);

#endif
