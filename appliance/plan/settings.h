/* What a plan depends on beside the repository. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_SETTINGS_H
#define PLAN_SETTINGS_H

#include <stdbool.h>

#include "base/str.h"

/* The debian base of images/: Debian 13's Python. */
#define PLAN_BASE_PYTHON "3.13"

struct plan_settings {
    unsigned lanes;         /* bits 1 << enum plan_lane */
    bool heredoc;           /* the engine's own Dockerfile syntax is 1.4 or newer: heredoc, COPY --link */
    struct slice ca_bundle; /* certificates for a stranger's Dockerfile (decisions 26), PEM; borrowed; len 0: none */
    const char *python;     /* "X.Y" of the base of lane `layers` */
};

#endif
