/* Labels and build arguments: a short list of "NAME=value". */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_PAIRS_H
#define BUILD_PAIRS_H

#include "base/cleanup.h"

#define PAIRS_MAX 16

/* Empty as {0}. The list ends with NULL, as engine/build.h takes it. */
struct pairs {
    char *items[PAIRS_MAX + 1]; /* owned */
};

/* More than PAIRS_MAX are a fault in our code, which ends the process. */
void pairs_add(struct pairs *p, const char *name, const char *value);
void pairs_free(struct pairs *p);
#define cleanup_pairs CLEANUP(pairs_free)

#endif
