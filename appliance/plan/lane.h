/* What the lanes write into: a plan that is being made, and what it owns. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_LANE_H
#define PLAN_LANE_H

#include "base/buf.h"
#include "plan/detect.h"
#include "plan/plan.h"
#include "plan/settings.h"

#define LANE_ADDED_MAX 2 /* files beside the tree: a Dockerfile and what it needs */
#define LANE_OWNED_MAX 24
#define LANE_STEPS_MAX 16
#define LANE_DOCKERFILE_MAX (4 << 20) /* bytes of a Dockerfile that is written */

struct plan_draft {
    struct plan plan; /* first: plan_free() gets its address */
    const struct plan_repo *repo;
    const struct plan_settings *set;
    struct detection found;
    struct plan_text added[PLAN_IMAGES_MAX][LANE_ADDED_MAX];
    char *owned[LANE_OWNED_MAX];
    size_t n_owned;
    const char *steps[LANE_STEPS_MAX];
};

/* Both lanes take the packs of their table rows in plan.c and fill images, why and steps. Errors: plan_make()'s. */
int lane_dockerfile(struct plan_draft *d, struct err *e) ERR_CHECKED;
int lane_layers(struct plan_draft *d, struct err *e) ERR_CHECKED;

/* The plan owns the buffer's bytes from now on. */
const char *draft_keep(struct plan_draft *d, struct buf *text);

/* A file of the last image's context; `bytes` outlives the plan. */
void draft_add(struct plan_draft *d, const char *path, const char *bytes, size_t len);

void draft_step(struct plan_draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The texts of those ignore files that are there, one after the other; NULL where there is none. `names` ends with
 * NULL. */
int draft_ignore(const char **out, struct plan_draft *d, const char *const *names, struct err *e) ERR_CHECKED;

#endif
