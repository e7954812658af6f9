/* Rules of .dockerignore: which paths of a tree are left out of a build. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_IGNORE_H
#define PLAN_IGNORE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * As moby/patternmatcher reads them: a rule matches a path or any folder above it; `*`, `?` and classes stay within
 * one name, `**` does not; '!' takes back; the last rule that matches decides. A rule costs its length times the
 * path's at most, whatever it says.
 */
#define IGNORE_RULES_MAX 65536 /* bytes of all rules together */

struct ignore;

/* `text` is plan_image.ignore; NULL: no rules. Nothing of it is borrowed. Errors: ERR_PLAN_FILE for too many rules and
 * for one that is malformed. */
int ignore_new(struct ignore **out, const char *text, struct err *e) ERR_CHECKED;
/* Frees *rules, which may be NULL, and sets it to NULL. */
void ignore_free(struct ignore **rules);
#define cleanup_ignore CLEANUP(ignore_free)

/* `path` is relative to the tree, without a '/' at its ends. */
bool ignore_matches(const struct ignore *rules, const char *path);

/* Whether nothing below a folder that is left out can come back, so that nobody has to look into it. */
bool ignore_is_final(const struct ignore *rules);

#endif
