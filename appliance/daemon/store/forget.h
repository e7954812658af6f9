/* What is over for long is forgotten. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#include <stdint.h>

#include "store/store.h"

/*
 * Deletes, in one transaction, what was over before the time `before` (UTC ms): events, and rows of launches, builds
 * and sessions with their containers, the oldest first and at most `most` of each. Returns how many rows went, 0 when
 * nothing is that old, -1 for an error. Rows of images stay: they tell what the engine has. The file does not become
 * smaller; what comes takes the place of what went.
 */
int store_forget(struct store *s, int64_t before, int most, struct err *e) ERR_CHECKED;

#endif
