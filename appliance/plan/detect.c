/* What kind of repository it is, in repo2docker's order (builds.md 1.1, 1.2). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/detect.h"

#include <stdio.h>

#include "plan/pyproject.h"

#define LEGACY_BASE "andrewosh/binder-base"

void detect_path(char out[FILES_PATH_MAX], const struct detection *d, const char *name)
{
    snprintf(out, FILES_PATH_MAX, "%s%s", d->folder, name);
}

/* One kind of repository: found out by a file, or by a function where that is not enough. */
struct kind {
    const char *pack;
    const char *files[3]; /* any of them, in the folder that counts */
    int (*is)(struct detection *d, const struct plan_repo *repo, struct err *e); /* 1: yes, 0: no, -1: error */
};

static bool find_file(struct detection *d, const struct plan_repo *repo, const char *name)
{
    char path[FILES_PATH_MAX];

    detect_path(path, d, name);
    if (!files_has(repo, path))
        return false;
    str_copy(d->file, sizeof d->file, path);
    return true;
}

/* Only in the root, and only where no folder of configuration is. */
static bool find_in_root(struct detection *d, const struct plan_repo *repo, const char *name)
{
    return !*d->folder && find_file(d, repo, name);
}

/* From here on every repository's runtime.txt is read, and has to be well-formed. */
static int is_r(struct detection *d, const struct plan_repo *repo, struct err *e)
{
    struct slice text;

    if (find_file(d, repo, "runtime.txt")) {
        if (files_text(&text, repo, d->file, e) < 0 || runtime_txt_read(&d->runtime, d->file, text, e) < 0)
            return -1;
        if (slice_is(d->runtime.name, "r") && d->runtime.date.len)
            return 1;
    }
    return find_in_root(d, repo, "DESCRIPTION");
}

static int is_pipfile(struct detection *d, const struct plan_repo *repo, struct err *e)
{
    if (d->runtime.there && !slice_is(d->runtime.name, "python"))
        return 0;
    return find_file(d, repo, "Pipfile") || find_file(d, repo, "Pipfile.lock");
}

/* Fills d->package: what pip can install from the root of the tree. */
static int look_for_package(struct detection *d, const struct plan_repo *repo, struct err *e)
{
    struct pyproject project;
    struct slice text;

    if (*d->folder)
        return 0;
    if (files_has(repo, "setup.py")) {
        d->package = "setup.py";
        return 0;
    }
    if (files_text(&text, repo, "pyproject.toml", e) < 0 || pyproject_read(&project, "pyproject.toml", text, e) < 0)
        return -1;
    if (project.project && project.build_system)
        d->package = "pyproject.toml";
    return 0;
}

static int is_python(struct detection *d, const struct plan_repo *repo, struct err *e)
{
    if (d->runtime.there && !slice_is(d->runtime.name, "python"))
        return 0;
    if (look_for_package(d, repo, e) < 0)
        return -1;
    if (d->runtime.there)
        return find_file(d, repo, "runtime.txt");
    return (d->package && find_in_root(d, repo, d->package)) || find_file(d, repo, "requirements.txt");
}

static const struct kind kinds[] = {
    {"DockerBuildPack", {"Dockerfile"}, NULL},
    {"JuliaProjectTomlBuildPack", {"JuliaProject.toml", "Project.toml"}, NULL},
    {"JuliaRequireBuildPack", {"REQUIRE"}, NULL},
    {"NixBuildPack", {"default.nix"}, NULL},
    {"RBuildPack", {NULL}, is_r},
    {"CondaBuildPack", {"environment.yml", "environment.yaml"}, NULL},
    {"PipfileBuildPack", {NULL}, is_pipfile},
    {"PythonBuildPack", {NULL}, is_python},
};

/* repo2docker reads the root's Dockerfile up to its first FROM, even where a folder of configuration is. */
static int refuse_legacy(const struct plan_repo *repo, struct err *e)
{
    struct files_lines lines = {0};
    struct slice line;

    if (files_text(&lines.rest, repo, "Dockerfile", e) < 0)
        return -1;
    while (files_line(&line, &lines)) {
        if (!slice_starts(line, "FROM"))
            continue;
        line = slice_cut(&line, '#');
        for (size_t i = 0; i + strlen(LEGACY_BASE) <= line.len; i++)
            if (slice_is_nocase((struct slice){line.at + i, strlen(LEGACY_BASE)}, LEGACY_BASE))
                return err_set(e, ERR_PLAN_CONFLICT,
                               "Dockerfile:%zu: The legacy buildpack has been removed: an image " LEGACY_BASE
                               " cannot be the base of anything any more.",
                               lines.number);
        return 0;
    }
    return 0;
}

static int choose_folder(struct detection *d, const struct plan_repo *repo, struct err *e)
{
    bool binder = files_has(repo, "binder/"), hidden = files_has(repo, ".binder/");

    if (binder && hidden)
        return err_set(
            e, ERR_PLAN_CONFLICT,
            "The repository contains both a 'binder' and a '.binder' directory. However they are exclusive.");
    d->folder = binder ? "binder/" : hidden ? ".binder/" : "";
    return 0;
}

int detect(struct detection *out, const struct plan_repo *repo, struct err *e)
{
    *out = (struct detection){.folder = ""};
    if (refuse_legacy(repo, e) < 0 || choose_folder(out, repo, e) < 0)
        return -1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct kind *kind = &kinds[i];
        int is = kind->is ? kind->is(out, repo, e) : 0;

        for (size_t f = 0; !kind->is && !is && f < 3 && kind->files[f]; f++)
            is = find_file(out, repo, kind->files[f]);
        if (is < 0)
            return -1;
        if (is) {
            out->pack = kind->pack;
            return 0;
        }
    }
    out->file[0] = '\0';
    return 0;
}
