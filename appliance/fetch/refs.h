/* What a server lists as its refs, as git ls-remote prints it: pure. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_REFS_H
#define FETCH_REFS_H

#include "base/err.h"
#include "base/str.h"
#include "fetch/git.h"

/* What contract 3.4 has in front of every error of a resolution. */
#define REFS_FAILED "Unable to run git ls-remote to get the `resolved_ref`: "

/* `listed` is "<commit>\t<name>\n" again and again, from a stranger's server. *commit is "" where nothing fits. Errors:
 * ERR_RESOLVE_FAILED for a line that has no commit. */
int refs_first(char commit[GIT_COMMIT], struct slice listed, struct err *e) ERR_CHECKED;
/* Of the line that has exactly that name. */
int refs_named(char commit[GIT_COMMIT], struct slice listed, const char *name, struct err *e) ERR_CHECKED;

#endif
