/* A plan, printed: for `ringbinder explain`. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_EXPLAIN_H
#define PLAN_EXPLAIN_H

#include "base/buf.h"
#include "plan/plan.h"

/*
 * {"pack", "lane", "why", "images": [{"dockerfile", "with_tree", "tree_at", "files": {path: text}}], "steps":
 * [sentence]}; lane is "dockerfile", "layers" or "repo2docker", files those that the plan adds. False when `out` is
 * full.
 */
bool plan_explain_json(struct buf *out, const struct plan *plan);
bool plan_explain_text(struct buf *out, const struct plan *plan);

/* {"pack", "lane": null, "code": "RB1400", "why"}: what plan_make() refused with *e. pack: what repo2docker would take
 * it for, or null. */
bool plan_explain_refusal_json(struct buf *out, const struct plan_repo *repo, const struct err *e);
bool plan_explain_refusal_text(struct buf *out, const struct plan_repo *repo, const struct err *e);

#endif
