/* What a plan depends on beside the repository. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_SETTINGS_H
#define PLAN_SETTINGS_H

#include <stdbool.h>

#include "base/str.h"

/* The debian base of images/: Debian 13's Python. */
#define PLAN_BASE_PYTHON "3.13"
/* What `explain` takes for it, which has no configuration. */
#define PLAN_BASE_IMAGE "ringbinder/debian:1"

struct plan_settings {
    unsigned lanes;         /* bits 1 << enum plan_lane */
    bool heredoc;           /* the engine's own Dockerfile syntax is 1.4 or newer: heredoc, COPY --link */
    struct slice ca_bundle; /* certificates for a stranger's Dockerfile (decisions 26), PEM; borrowed; len 0: none */
    const char *python;     /* "X.Y" of the base of lane `layers` */
    struct slice bases;     /* images of ours that a Dockerfile may name; blanks between them */
    struct slice hidden;    /* what images begin with that it may not, beside "ringbinder/"; blanks between them */
};

#endif
