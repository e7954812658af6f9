/* Builds that do as a test says, linked in place of the room build. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_BUILD_H
#define TESTS_FAKE_BUILD_H

#include "build/build.h"

struct builds {
    struct loop *loop;
    const char *ref; /* what every ref resolves to; "": there is none */
    struct id image; /* row that build_image_find() finds; none: a build is needed */
    struct id built; /* row of what a build makes */
    int ms;          /* that each op takes */
    struct err resolve_error, find_error, build_error;
    int resolved, found, wanted, cancelled; /* how often */
    char asked_image[512], asked_commit[256];
    char asked_spec[2049], asked_api[256], asked_token[64]; /* of the last question for a ref */
    const char *no_ref;    /* a question whose spec ends with this has no answer; NULL: all have `ref` */
    struct build_log *log; /* of the build; NULL: it has none */
};

struct build_log *fake_log_new(void);
/* Adds a line as the room does, encoded. */
void fake_log_add(struct build_log *log, const char *line);

#endif
