/* Whether a command that runs is the step of which a build's trace tells. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_STEPNAME_H
#define ENGINE_STEPNAME_H

#include <stdbool.h>

#include "base/str.h"

/*
 * BuildKit names a step after its instruction as it stands in the Dockerfile ("[2/3] RUN --mount=... pip install x"),
 * with variables replaced, backslashes taken away and its first word in capitals (dockerfile2llb/convert.go: RawQuotes,
 * SkipUnsetEnv, uppercaseCmd); the command that runs has none of that done to it. So of the command only what cannot
 * have been changed is looked for. The rule errs on one side: a step of ours is always known, whatever its Dockerfile
 * does; one of somebody else is taken for it where nothing but variables would tell them apart. Pure.
 */
#define STEPNAME_MAX 16384 /* bytes of a name; one that is as long counts as cut off */

/* `args`: of the process, at least one, NULL behind the last. False for every name that is no RUN. */
bool stepname_runs(struct slice name, const char *const *args);

#endif
