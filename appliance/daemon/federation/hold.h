/* When /health may say that all is well (decisions 35). */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FEDERATION_HOLD_H
#define FEDERATION_HOLD_H

#include <stdbool.h>
#include <stdint.h>

/* A bad look is told at once, a good one only after `hold_ms` of good, unless nothing bad came after a good one yet:
 * a member that flaps would be put into rotation and taken out of it all the time. Zero is where it begins. Pure. */
struct hold {
    bool up, fallen; /* what was told last; whether it was ever taken back */
    bool good;
    int64_t good_since;
};

/* What to tell at `now_ms` (monotonic), when a look has found `good`. */
bool hold_turn(struct hold *h, bool good, int64_t now_ms, int64_t hold_ms);

#endif
