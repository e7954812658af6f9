/* Building an image. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_BUILD_H
#define ENGINE_BUILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "loop/op.h"

struct engine;

struct engine_build_spec {
    const char *dockerfile;                                /* its path inside the tar */
    const char *const *args, *const *labels;               /* "NAME=value", end with NULL; our instance's is added */
    int64_t memory_bytes;                                  /* of each step; refused without ENGINE_CAN_LIMIT_STEPS;
                                                              0: no limit of ours */
    int processes;                                         /* of each step, threads included; the same */
    ssize_t (*pull)(void *arg, void *to, size_t room);     /* tar bytes; 0: its end; -1: none now */
    void (*line)(void *arg, const char *text, size_t len); /* no newline, at most 8 KiB, UTF-8 or not */
    /* An image that the build reads, as the engine names it (engine/trace.h). -1: the build is stopped, and ends with
     * *e. */
    int (*reads)(void *arg, struct slice image, struct err *e);
    void *arg; /* of pull, line and reads, which may not cancel the build */
};

/*
 * BuildKit, without a session (no secrets, no registry's credentials), and with its own frontend only: one that is an
 * image could read whatever it likes under any name. `image` receives "sha256:..." and a NUL; it has no name: what was
 * stopped too late to be prevented is found by nobody. Cancelling closes the connection, which stops the build. Errors
 * beside engine.h's, all with a text for the visitor: ERR_BUILD_STEP (a command failed: the step, its exit code, its
 * last line), ERR_BUILD_MEMORY (it was killed, 137; the limit), ERR_PLAN_IMAGE (a frontend of its own),
 * ERR_BUILD_DOCKERFILE (everything else that BuildKit says no to); ERR_TRACE_MALFORMED, too, ends a build that was well
 * otherwise: what cannot be read may have named an image.
 */
struct op *engine_build(struct engine *en, const struct engine_build_spec *spec, char image[72], struct done done);

/* There are bytes again, after pull() has said -1. */
void engine_build_more(struct op *build);

#endif
