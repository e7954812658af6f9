/* The order of lanes, and what no lane takes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "plan/ignore.h"
#include "plan/lane.h"

struct lane {
    enum plan_lane lane;
    const char *pack;
    int (*make)(struct plan_draft *d, struct err *e);
};

static const struct lane lanes[] = {
    {PLAN_DOCKERFILE, "DockerBuildPack", lane_dockerfile},
    {PLAN_LAYERS, "PythonBuildPack", lane_layers},
};

/* What a visitor reads whose repository no lane takes. */
static const struct {
    const char *pack, *asks_for;
} refusals[] = {
    {"DockerBuildPack", "an image of its own"},
    {"JuliaProjectTomlBuildPack", "a Julia environment"},
    {"JuliaRequireBuildPack", "a Julia environment of the old kind"},
    {"NixBuildPack", "a Nix environment"},
    {"RBuildPack", "an R environment"},
    {"CondaBuildPack", "a conda environment"},
    {"PipfileBuildPack", "a pipenv environment"},
    {"PythonBuildPack", "a Python environment"},
};

static const char *const wanted[] = {
    "Dockerfile",  "Dockerfile.dockerignore", ".dockerignore", ".containerignore", "requirements.txt", "apt.txt",
    "runtime.txt",
};

bool plan_wants(const char *path)
{
    const char *name = path;

    if (str_is(path, "pyproject.toml"))
        return true;
    if (str_starts(path, "binder/") || str_starts(path, ".binder/"))
        name = strchr(path, '/') + 1;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (str_is(name, wanted[i]))
            return true;
    return false;
}

const char *draft_keep(struct plan_draft *d, struct buf *text)
{
    return d->owned[d->n_owned++] = buf_steal(text);
}

void draft_add(struct plan_draft *d, const char *path, const char *bytes, size_t len)
{
    size_t last = d->plan.n_images - 1;
    struct plan_image *image = &d->plan.images[last];

    d->added[last][image->n_added++] = (struct plan_text){path, bytes, len};
    image->added = d->added[last];
}

void draft_step(struct plan_draft *d, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->owned[d->n_owned++] = mem_string(text);
    d->steps[d->plan.n_steps++] = d->owned[d->n_owned - 1];
}

int draft_ignore(const char **out, struct plan_draft *d, const char *const *names, struct err *e)
{
    cleanup_buf struct buf rules = BUF_OF(2 * (PLAN_TEXT_MAX + 1));

    *out = NULL;
    for (; *names; names++) {
        cleanup_free char *alone = NULL;
        cleanup_ignore struct ignore *checked = NULL;
        struct slice text;

        if (files_text(&text, d->repo, *names, e) < 0)
            return -1;
        alone = mem_copy(text.at, text.len);
        if (ignore_new(&checked, alone, e) < 0)
            return err_wrap(e, "%s", *names);
        buf_add(&rules, text.at, text.len);
        if (text.len && text.at[text.len - 1] != '\n')
            buf_add_char(&rules, '\n');
    }
    if (rules.len > IGNORE_RULES_MAX)
        return err_set(e, ERR_PLAN_FILE, "%s: The ignore rules are longer than %d bytes together.", names[-1],
                       IGNORE_RULES_MAX);
    if (rules.len)
        *out = draft_keep(d, &rules);
    return 0;
}

static int no_environment(const struct plan_draft *d, struct err *e)
{
    const struct runtime_txt *runtime = &d->found.runtime;

    if (runtime->there)
        return err_set(e, ERR_PLAN_NO_LANE,
                       "No environment specification found: %sruntime.txt says \"%.*s\", and nothing says what that is "
                       "made of. What works here: a Dockerfile, or requirements.txt with runtime.txt python-%s.",
                       d->found.folder, runtime->name.len < 20 ? (int)runtime->name.len : 20, runtime->name.at,
                       d->set->python);
    return err_set(e, ERR_PLAN_NO_LANE,
                   "No environment specification found%s%s%s. What works here: a Dockerfile, or requirements.txt with "
                   "apt.txt and postBuild.",
                   *d->found.folder ? " in " : "", d->found.folder,
                   *d->found.folder ? ", the only folder looked into as it exists" : "");
}

static int no_lane(const struct plan_draft *d, struct err *e)
{
    if (!d->found.pack)
        return no_environment(d, e);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (str_is(refusals[i].pack, d->found.pack))
            return err_set(
                e, ERR_PLAN_NO_LANE, "%s asks for %s, which this Ringbinder does not make. What works here:%s%s%s.",
                d->found.file, refusals[i].asks_for, d->set->lanes & 1u << PLAN_DOCKERFILE ? " a Dockerfile" : "",
                d->set->lanes == (1u << PLAN_DOCKERFILE | 1u << PLAN_LAYERS) ? ", or" : "",
                d->set->lanes & 1u << PLAN_LAYERS ? " requirements.txt with apt.txt and postBuild" : "");
    return err_set(e, ERR_INTERNAL, "%s is in no table", d->found.pack);
}

static int make(struct plan_draft *d, struct err *e)
{
    if (detect(&d->found, d->repo, e) < 0)
        return -1;
    d->plan.pack = d->found.pack;
    for (size_t i = 0; d->found.pack && i < sizeof lanes / sizeof lanes[0]; i++) {
        if (!str_is(lanes[i].pack, d->found.pack) || !(d->set->lanes & 1u << lanes[i].lane))
            continue;
        d->plan.lane = lanes[i].lane;
        return lanes[i].make(d, e);
    }
    return no_lane(d, e);
}

int plan_make(struct plan **out, const struct plan_repo *repo, const struct plan_settings *set, struct err *e)
{
    struct plan_draft *d = mem_zero(1, sizeof *d);

    d->repo = repo;
    d->set = set;
    d->plan.steps = d->steps;
    *out = &d->plan;
    if (make(d, e) < 0) {
        plan_free(out);
        return -1;
    }
    return 0;
}

void plan_free(struct plan **plan)
{
    struct plan_draft *d = (struct plan_draft *)*plan;

    if (!d)
        return;
    for (size_t i = 0; i < d->n_owned; i++)
        free(d->owned[i]);
    free(d);
    *plan = NULL;
}
