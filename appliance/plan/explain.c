/* A plan, printed: for `ringbinder explain`. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/explain.h"

#include "base/json.h"
#include "base/str.h"
#include "plan/detect.h"

static const char *const lane_names[] = {
    [PLAN_DOCKERFILE] = "dockerfile",
    [PLAN_LAYERS] = "layers",
    [PLAN_REPO2DOCKER] = "repo2docker",
};

static void add_text(struct buf *out, const char *text)
{
    if (text)
        json_add_string(out, text, strlen(text));
    else
        buf_add_text(out, "null");
}

static void add_member(struct buf *out, const char *key, const char *text)
{
    buf_add_format(out, "\"%s\": ", key);
    add_text(out, text);
}

static void add_image(struct buf *out, const struct plan_image *image)
{
    buf_add_char(out, '{');
    add_member(out, "dockerfile", image->dockerfile);
    buf_add_format(out, ", \"with_tree\": %s, \"tree_at\": \"%s\", \"files\": {", image->with_tree ? "true" : "false",
                   image->tree_at);
    for (size_t i = 0; i < image->n_added; i++) {
        buf_add_text(out, i ? ", " : "");
        add_text(out, image->added[i].path);
        buf_add_text(out, ": ");
        json_add_string(out, image->added[i].bytes, image->added[i].len);
    }
    buf_add_text(out, "}}");
}

bool plan_explain_json(struct buf *out, const struct plan *plan)
{
    buf_add_char(out, '{');
    add_member(out, "pack", plan->pack);
    buf_add_text(out, ", ");
    add_member(out, "lane", lane_names[plan->lane]);
    buf_add_text(out, ", ");
    add_member(out, "why", plan->why);
    buf_add_text(out, ", \"images\": [");
    for (size_t i = 0; i < plan->n_images; i++) {
        buf_add_text(out, i ? ", " : "");
        add_image(out, &plan->images[i]);
    }
    buf_add_text(out, "], \"steps\": [");
    for (size_t i = 0; i < plan->n_steps; i++) {
        buf_add_text(out, i ? ", " : "");
        add_text(out, plan->steps[i]);
    }
    return buf_add_text(out, "]}");
}

bool plan_explain_text(struct buf *out, const struct plan *plan)
{
    buf_add_format(out, "lane   %s\npack   %s\nwhy    %s\n", lane_names[plan->lane], plan->pack, plan->why);
    for (size_t i = 0; i < plan->n_steps; i++)
        buf_add_format(out, "%4zu.  %s\n", i + 1, plan->steps[i]);
    return !out->full;
}

/* As far as detection comes: an error in it leaves the pack open. */
static const char *pack_of(const struct plan_repo *repo)
{
    struct detection found;
    struct err ignored;

    return detect(&found, repo, &ignored) < 0 ? NULL : found.pack;
}

bool plan_explain_refusal_json(struct buf *out, const struct plan_repo *repo, const struct err *e)
{
    buf_add_char(out, '{');
    add_member(out, "pack", pack_of(repo));
    buf_add_format(out, ", \"lane\": null, \"code\": \"RB%d\", ", e->code);
    add_member(out, "why", e->text);
    return buf_add_char(out, '}');
}

bool plan_explain_refusal_text(struct buf *out, const struct plan_repo *repo, const struct err *e)
{
    const char *pack = pack_of(repo);

    return buf_add_format(out, "lane   none\npack   %s\nwhy    %s (RB%d)\n", pack ? pack : "none", e->text, e->code);
}
