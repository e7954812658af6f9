/* Whether this member can serve: what /health says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FEDERATION_HEALTH_H
#define FEDERATION_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * It looks at the engine whenever that comes or goes and whenever it is asked, so a fall between two questions is not
 * missed, and at the state's disk when it is asked (store_usable()). Asking costs next to nothing: nobody else is asked
 * for it (contract 4.3: a director asks ten times in a row).
 */
struct health;
struct loop;
struct engine;
struct store;

/* `hold_ms`: decisions 35. What it is given outlives it. */
struct health *health_new(struct loop *loop, struct engine *engine, struct store *store, int64_t hold_ms);
void health_free(struct health **h);

struct health_pods {
    size_t sessions; /* that have a container or are getting one */
    size_t builds;   /* that run or wait */
    size_t places;   /* how many more sessions would be let in; SIZE_MAX: no limit */
};

/* Adds the JSON of contract 4.1, 512 bytes at most; false when the answer is 503. */
bool health_write(struct health *h, const struct health_pods *pods, struct buf *out);

#endif
