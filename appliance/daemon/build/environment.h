/* The environment that a repository asks for: an image, keyed by what it is made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_ENVIRONMENT_H
#define BUILD_ENVIRONMENT_H

#include "build/fetcher.h"

struct build;
struct builds;

#define ENVIRONMENT_IMAGE_MAX 512          /* of an image name, NUL included */
#define ENVIRONMENT_CONTEXT_MAX (32 << 20) /* bytes of its tar: a Dockerfile and lists of packages */

struct environment_spec {
    struct fetcher *fetcher; /* with its plan made; outlives the op */
    const struct fetcher_plan *plan;
    struct build *build; /* whose log has what is said */
};

/*
 * `image` receives the name that the content's image is FROM: ringbinder/env:<32 hex digits of the key>, found or
 * built, or the base itself where the plan has nothing to install. Two builds that need the same new environment at
 * the same time both ask the engine, and BuildKit runs each of its steps once (builds.md 4.1). Errors:
 * ERR_BUILD_NO_BASE, those of fetcher.h and engine/build.h.
 */
struct op *environment_make(struct builds *all, const struct environment_spec *spec, char image[ENVIRONMENT_IMAGE_MAX],
                            struct done done);

/* The fetcher of `spec` has bytes, has ended or has failed. */
void environment_more(struct op *op);

#endif
