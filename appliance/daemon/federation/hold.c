/* When /health may say that all is well (decisions 35). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "federation/hold.h"

bool hold_turn(struct hold *h, bool good, int64_t now_ms, int64_t hold_ms)
{
    if (good && !h->good)
        h->good_since = now_ms;
    h->good = good;
    if (!good) {
        h->fallen |= h->up;
        h->up = false;
    } else if (!h->fallen || now_ms - h->good_since >= hold_ms) {
        h->up = true;
    }
    return h->up;
}
