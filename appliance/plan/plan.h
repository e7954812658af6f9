/* From a repository's files to the images that are made of them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stddef.h>

#include "base/err.h"

/*
 * From what a repository holds to what its image is made of. Pure: the same description and settings give the same
 * plan, byte for byte; no clock, no network, no file. Runs inside ringbinder-fetch, because the texts are hostile.
 */
enum plan_lane { PLAN_DOCKERFILE, PLAN_LAYERS, PLAN_REPO2DOCKER };

struct plan_text {
    const char *path;  /* relative, no dot segments */
    const char *bytes; /* not NUL-terminated */
    size_t len;        /* at most 1 MiB */
};

struct plan_repo {
    const char *url, *ref;
    const char *const *names;      /* in root, binder/ and .binder/; sorted, ends with NULL */
    const struct plan_text *texts; /* the configuration files among them, sorted by path */
    size_t n_texts;
};

struct plan_image {
    const char *dockerfile;        /* its path in the context */
    const struct plan_text *added; /* beside the tree, or in place of files of the same path */
    size_t n_added;
    bool with_tree;     /* false: `added` is the whole context */
    const char *ignore; /* rules of .dockerignore for the tree; NULL: none */
};

struct plan {
    enum plan_lane lane;
    char why[256];               /* a sentence for `explain`: which file decided */
    bool render_online;          /* PLAN_REPO2DOCKER: R and Julia ask the network while rendering */
    struct plan_image images[2]; /* built in order; the second is FROM ${RB_ENVIRONMENT}, the first */
    size_t n_images;
};

struct plan_settings; /* plan/settings.h: lanes on, bases, mirrors, CA bundle, the engine's syntax */

/* The first lane that takes the repository wins. *out borrows from `repo` and `set`, which outlive it. Errors:
 * ERR_PLAN_NO_LANE, and those of the files' grammars with file and line. */
int plan_make(struct plan **out, const struct plan_repo *repo, const struct plan_settings *set,
              struct err *e) ERR_CHECKED;
void plan_free(struct plan **plan);

#endif
