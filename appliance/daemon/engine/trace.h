/* What a build's records tell, as lines for its log. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_TRACE_H
#define ENGINE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * BuildKit tells a build as records (moby.buildkit.trace: protobuf, github.com/moby/buildkit control.proto,
 * StatusResponse). The lines are those of `docker build --progress plain`, which the federation's visitors know:
 *
 *     #2 [2/3] RUN pip install numpy
 *     #2 0.312 Collecting numpy
 *     #2 DONE 4.1s                    or CACHED, or ERROR: why
 *
 * Steps in which the engine talks to itself (reading the Dockerfile, unpacking the context) are left out unless they
 * fail. Pure; a record may be anything: it costs memory up to a bound and never more than an error.
 */
struct trace;

#define TRACE_LINE_MAX 8192  /* bytes, "#12 0.345 " included; a longer line comes in pieces */
#define TRACE_STEPS_MAX 1024 /* steps that are told; a sentence says so once, the rest is built untold */

struct trace_listener {
    /* Each without its newline; the bytes are as the step wrote them, UTF-8 or not. */
    void (*line)(void *arg, const char *text, size_t len);
    /*
     * An image that the build reads, as the engine names it ("docker.io/library/debian:13", with "@sha256:..." on newer
     * engines), or the image of a frontend that is to read the Dockerfile: from then on names are what that one says.
     * Told from the first record on that names it, again and again, of every step, however many there are. NULL: not
     * wanted.
     */
    void (*image)(void *arg, struct slice name, bool frontend);
    void *arg;
};
struct trace *trace_new(const struct trace_listener *to);
void trace_free(struct trace **t);

/* One record. What was told before a fault in it stays told. Errors: ERR_TRACE_MALFORMED. */
int trace_add(struct trace *t, const void *record, size_t len, struct err *e) ERR_CHECKED;

/* Tells the lines whose end has not come. */
void trace_end(struct trace *t);

/* The step that failed, and the last line that it wrote (for a sentence: valid UTF-8 without control characters, at
 * most 100 bytes); "" when there is none. Borrowed until the next call. */
const char *trace_failed_step(const struct trace *t);
const char *trace_failed_line(const struct trace *t);

/* Whether `is` says yes of the name of a step that has not ended: BuildKit names all of a stage's before the first one
 * begins, and the record of its beginning may come behind its cgroup. True, too, once there are more steps than are
 * told. */
bool trace_runs(const struct trace *t, bool (*is)(const void *arg, struct slice name), const void *arg);

#endif
