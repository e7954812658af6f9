/* What kind of repository it is: all cases that repo2docker's own decisions were recorded for, and some of ours. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "description.h"
#include "plan/detect.h"
#include "tap.h"

static void describe(struct description *d, json_t *files)
{
    const char *path;
    json_t *text;

    memset(d, 0, sizeof *d);
    d->repo.names = d->names;
    json_object_foreach (files, path, text)
        description_add(d, path, json_string_value(text), json_string_length(text));
}

/* "dockerfile", "layers", or the code of the refusal. */
static void outcome(char out[16], const struct plan_repo *repo)
{
    struct plan *plan;
    struct err e;

    if (plan_make(&plan, repo, &description_settings, &e) < 0) {
        snprintf(out, 16, "RB%d", e.code);
        return;
    }
    str_copy(out, 16, plan->lane == PLAN_DOCKERFILE ? "dockerfile" : "layers");
    plan_free(&plan);
}

static void check(const char *name, json_t *want)
{
    struct description d;
    struct detection found;
    struct err e;
    char got[16];
    bool failed;

    describe(&d, json_object_get(want, "files"));
    failed = detect(&found, &d.repo, &e) < 0;
    is(failed ? NULL : found.pack, json_string_value(json_object_get(want, "pack")), name);
    outcome(got, &d.repo);
    is(got, json_string_value(json_object_get(want, "outcome")), "and what becomes of it");
}

int main(void)
{
    cleanup_free char *path = mem_format("%s/tests/unit/data/packs.json", getenv("SRCDIR") ? getenv("SRCDIR") : ".");
    json_t *cases = json_load_file(path, 0, NULL), *want;
    const char *name;

    ok(json_object_size(cases) > 58, "there are cases");
    json_object_foreach (cases, name, want)
        check(name, want);
    json_decref(cases);
    return tap_end();
}
