/* What RUN, COPY and ADD of a stranger's Dockerfile ask for in their flags. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_STEP_FLAGS_H
#define PLAN_STEP_FLAGS_H

#include "plan/dockerfile.h"
#include "plan/edit.h"
#include "plan/lane.h"

/*
 * Refuses images of others, secrets, and what the engine does not have; gives each cache mount an id that no other
 * repository and no other commit has: ids are global to the engine, and who writes into a cache decides what the next
 * build installs (builds.md 4.3). Not the repository alone: on a public host anybody's pull request is a commit of it.
 * Errors: ERR_PLAN_IMAGE, ERR_PLAN_STEP, ERR_PLAN_ENGINE.
 */
int step_flags_check(const struct plan_draft *d, const struct dockerfile *reader,
                     const struct dockerfile_instruction *in, struct edit *edit, struct err *e) ERR_CHECKED;

/* The image that `word` names, as written; `name` without quotes and with its arguments, len 0 where that is unknown.
 */
int step_image_check(const struct plan_draft *d, const struct dockerfile_instruction *in, struct slice word,
                     struct slice name, struct err *e) ERR_CHECKED;

#endif
