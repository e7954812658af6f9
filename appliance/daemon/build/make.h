/* An image is made: built, looked at, and only then given its name. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_MAKE_H
#define BUILD_MAKE_H

#include <sys/types.h>

#include "build/pairs.h"
#include "loop/op.h"

struct builds;

/* Build arguments of every image, by repo2docker's contract: NB_USER, NB_UID. */
void build_args_begin(struct pairs *args);
/* The engine's predefined ones, from our own environment; they are in no image and no key (decisions 26). */
void build_args_add_proxies(struct pairs *args);

struct make_spec {
    const char *name;                                  /* what the image will be called */
    const char *environment;                           /* image of ours that it may read beside the bases; "": none */
    const char *dockerfile;                            /* its path inside the tar */
    struct pairs args, labels;                         /* taken over: empty afterwards */
    ssize_t (*pull)(void *arg, void *to, size_t room); /* as in engine/build.h, like those below */
    void (*line)(void *arg, const char *text, size_t len);
    void *arg;
};

/*
 * The Dockerfile may be whatever a fetch that was taken over says, and a base image may bring ONBUILD instructions of
 * its own: so what counts is which images the engine says that it reads. One of ours that this build may not read stops
 * it. Until everything has been looked at the image has no name, and what has no name is found by nobody, not by a
 * daemon that starts again in between either.
 *
 * `made` receives "sha256:..." and a NUL. Errors beside engine/build.h's: ERR_PLAN_IMAGE (another's image is read),
 * ERR_BUILD_LISTED (image_check()), which leaves no image.
 */
struct op *make_image(struct builds *all, struct make_spec *spec, char made[72], struct done done);

/* There are bytes again, after pull() has said -1. */
void make_more(struct op *op);

#endif
