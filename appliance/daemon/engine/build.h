/* Building an image. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_BUILD_H
#define ENGINE_BUILD_H

#include <stdint.h>
#include <sys/types.h>

#include "loop/op.h"

struct engine;

struct engine_build_spec {
    const char *tag, *dockerfile;                          /* the Dockerfile's path inside the tar */
    const char *const *args, *const *labels;               /* "NAME=value", end with NULL */
    int64_t memory_bytes;                                  /* of each step; refused without ENGINE_CAN_LIMIT_STEPS */
    ssize_t (*pull)(void *arg, void *to, size_t room);     /* tar bytes; 0: its end; -1: none now */
    void (*line)(void *arg, const char *text, size_t len); /* UTF-8, no newline, at most 8 KiB */
    void *arg;
};

/* `image` receives "sha256:..." and a NUL. Cancelling closes the connection, which stops the build. Errors beside
 * engine.h's: ERR_BUILD_STEP (exit code in err.text), ERR_BUILD_MEMORY (a step was killed at its limit). */
struct op *engine_build(struct engine *en, const struct engine_build_spec *spec, char image[72], struct done done);

/* There are bytes again, after pull() has said -1. */
void engine_build_more(struct op *build);

#endif
