/* Text of strangers on a terminal: what would move the cursor or change the screen is shown, not done. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Adds `text` with control characters, bytes that are no UTF-8, and characters that turn the direction of writing or
 * are not seen as escapes: \n, \x1b, \u202e; a backslash stays one. `lines`: newlines and tabs stay, too. False when it
 * does not fit.
 */
bool plain_add(struct buf *out, struct slice text, bool lines);

/* How many columns a text takes that plain_add() has made: its characters. */
size_t plain_width(const char *text);
/* Its first characters, as many as fit into `width` with "..." behind where something is cut off; to be freed. */
char *plain_cut(const char *text, size_t width);

#endif
