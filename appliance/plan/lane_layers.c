/* Lane `layers`: a base that has Jupyter, on it the environment, on that the repository's content. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "plan/apt_txt.h"
#include "plan/lane.h"
#include "plan/pyproject.h"
#include "plan/requirements.h"

/*
 * The base promises (images/debian-base): user jovyan with the id 1000, REPO_DIR as working directory, the Python
 * environment below NB_PYTHON_PREFIX, pip and uv in it, repo2docker's entrypoint.
 *
 * No text of a repository stands in a Dockerfile that is written here, but for the names of packages, which apt_txt.h
 * keeps free of everything that a shell or BuildKit could misread; paths are those that we know.
 */
#define PYTHON "/srv/conda/envs/notebook/bin/python"
#define PIP PYTHON " -m pip install --no-cache-dir --disable-pip-version-check"
/* Without byte code: making it takes longer than installing (4 s of 6 s for pandas and matplotlib), and Python makes
 * what a session imports while it imports it (1.3 s once). */
#define UV "uv pip install --no-cache --python " PYTHON
#define TREE "src/"
#define SHOWN 20

/* What the configuration files come to. */
struct needs {
    struct buf packages; /* of apt.txt, each with a blank in front */
    size_t n_packages;
    char requirements_path[FILES_PATH_MAX], post_build[FILES_PATH_MAX], start[FILES_PATH_MAX];
    struct buf requirements_text;
    struct requirements requirements;
    bool has_post_build, has_start;
};

static void needs_free(struct needs *needs)
{
    buf_free(&needs->packages);
    buf_free(&needs->requirements_text);
}

static bool early(const struct needs *needs)
{
    return needs->requirements.any && !needs->requirements.local;
}

static bool late(const struct needs *needs)
{
    return needs->requirements.any && needs->requirements.local;
}

static int read_needs(struct needs *needs, const struct plan_draft *d, struct err *e)
{
    char apt[FILES_PATH_MAX];
    struct slice text;

    *needs = (struct needs){.packages = BUF_OF(100000), .requirements_text = BUF_OF(2 * PLAN_TEXT_MAX)};
    detect_path(apt, &d->found, "apt.txt");
    detect_path(needs->requirements_path, &d->found, "requirements.txt");
    detect_path(needs->post_build, &d->found, "postBuild");
    detect_path(needs->start, &d->found, "start");
    if (files_text(&text, d->repo, apt, e) < 0 ||
        apt_txt_read(&needs->packages, &needs->n_packages, apt, text, e) < 0 ||
        files_text(&text, d->repo, needs->requirements_path, e) < 0)
        return -1;
    requirements_as_utf8(&needs->requirements_text, text);
    needs->requirements =
        requirements_look((struct slice){buf_text(&needs->requirements_text), needs->requirements_text.len});
    needs->has_post_build = files_has(d->repo, needs->post_build);
    needs->has_start = files_has(d->repo, needs->start);
    return 0;
}

/* X.Y and nothing else: repo2docker refuses patch versions. */
static bool is_minor_version(struct slice version)
{
    struct slice minor = version, major = slice_cut(&minor, '.');
    uint64_t number;

    return major.len + 1 + minor.len == version.len && str_number(&number, major, 99) &&
           str_number(&number, minor, 999);
}

static int check_runtime(const struct plan_draft *d, struct err *e)
{
    struct slice version = d->found.runtime.version;

    if (!version.len || slice_is(version, "3") || slice_is(version, d->set->python))
        return 0;
    if (!slice_is(version, "2") && !is_minor_version(version))
        return err_set(
            e, ERR_PLAN_FILE,
            "%sruntime.txt:1: the Python version must always be specified as 'x.y', e.g. '%s', got \"%.*s\".",
            d->found.folder, d->set->python, version.len < SHOWN ? (int)version.len : SHOWN, version.at);
    return err_set(e, ERR_PLAN_NO_LANE,
                   "%sruntime.txt asks for Python %.*s, and the base here has Python %s. What works: runtime.txt "
                   "python-%s or none, or a Dockerfile.",
                   d->found.folder, version.len < SHOWN ? (int)version.len : SHOWN, version.at, d->set->python,
                   d->set->python);
}

static int check_requires_python(const struct plan_draft *d, struct err *e)
{
    struct pyproject project;
    struct slice text;
    bool admits;

    if (*d->found.folder)
        return 0;
    if (files_text(&text, d->repo, "pyproject.toml", e) < 0 ||
        pyproject_read(&project, "pyproject.toml", text, e) < 0 ||
        pyproject_admits(&admits, project.requires_python, d->set->python, e) < 0)
        return -1;
    if (admits)
        return 0;
    if (d->found.runtime.version.len)
        return err_set(e, ERR_PLAN_CONFLICT, "runtime.txt version not supported by pyproject.toml.");
    return err_set(e, ERR_PLAN_NO_LANE,
                   "pyproject.toml requires Python %.*s, and the base here has Python %s. What works: a wider "
                   "requires-python, or a Dockerfile.",
                   project.requires_python.len < 2 * SHOWN ? (int)project.requires_python.len : 2 * SHOWN,
                   project.requires_python.at, d->set->python);
}

static void add_apt(struct buf *out, struct plan_draft *d, const struct needs *needs)
{
    if (!needs->n_packages)
        return;
    /* Without Pattern-Only a name with a dot that no package has would be a pattern. */
    buf_add_format(out,
                   "USER root\n"
                   "RUN apt-get update && \\\n"
                   "    apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true --%s && \\\n"
                   "    apt-get clean && rm -rf /var/lib/apt/lists/*\n",
                   buf_text(&needs->packages));
    draft_step(d, "Install from Debian, as %sapt.txt says:%.150s.", d->found.folder, buf_text(&needs->packages));
}

static void add_requirements(struct buf *out, struct plan_draft *d, const struct needs *needs)
{
    static const char mount[] = "RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \\\n    ";

    if (!early(needs))
        return;
    buf_add_text(out, mount);
    if (needs->requirements.plain)
        buf_add_text(out, UV " -r /tmp/requirements.txt || \\\n"
                             "    { echo 'uv could not install requirements.txt; now pip tries.' && \\\n    ");
    buf_add_format(out, PIP " -r /tmp/requirements.txt%s\n", needs->requirements.plain ? "; }" : "");
    draft_step(d, "Install %s with %s.", needs->requirements_path,
               needs->requirements.plain ? "uv, or with pip where uv fails"
                                         : "pip, because a line is more than a name, a version and a marker");
}

/* Keyed by its bytes: nothing of the content may get in here. */
static void plan_environment(struct plan_draft *d, struct needs *needs)
{
    cleanup_buf struct buf out = BUF_OF(LANE_DOCKERFILE_MAX);
    size_t len;

    if (!needs->n_packages && !early(needs))
        return;
    d->plan.images[d->plan.n_images++] = (struct plan_image){.dockerfile = "Dockerfile", .tree_at = ""};
    buf_add_text(&out, "ARG RB_ENVIRONMENT\nFROM ${RB_ENVIRONMENT}\n");
    add_apt(&out, d, needs);
    buf_add_text(&out, "USER jovyan\n");
    add_requirements(&out, d, needs);
    len = out.len;
    draft_add(d, "Dockerfile", draft_keep(d, &out), len);
    if (!early(needs))
        return;
    len = needs->requirements_text.len;
    draft_add(d, "requirements.txt", draft_keep(d, &needs->requirements_text), len);
}

/* All that runs over the content is one RUN: each costs a third of a second. */
static void add_runs(struct buf *out, struct plan_draft *d, const struct needs *needs)
{
    const char *between = "RUN ";

    if (late(needs)) {
        buf_add_format(out, "%s" PIP " -r %s", between, needs->requirements_path);
        between = " && \\\n    ";
        draft_step(d, "Install %s with pip, which names files of the repository.", needs->requirements_path);
    }
    if (d->found.package) {
        buf_add_format(out, "%s" PIP " .", between);
        between = " && \\\n    ";
        draft_step(d, "Install the repository itself with pip, because of %s.", d->found.package);
    }
    if (needs->has_post_build) {
        buf_add_format(out, "%schmod +x %s && ./%s", between, needs->post_build, needs->post_build);
        between = "";
        draft_step(d, "Run %s.", needs->post_build);
    }
    if (!str_is(between, "RUN "))
        buf_add_char(out, '\n');
}

static int plan_content(struct plan_draft *d, const struct needs *needs, struct err *e)
{
    cleanup_buf struct buf out = BUF_OF(LANE_DOCKERFILE_MAX);
    char docker[FILES_PATH_MAX], container[FILES_PATH_MAX];
    const char *const ignore[] = {docker, container, NULL};
    struct plan_image *image = &d->plan.images[d->plan.n_images++];
    size_t len;

    detect_path(docker, &d->found, ".dockerignore");
    detect_path(container, &d->found, ".containerignore");
    *image = (struct plan_image){.dockerfile = "Dockerfile", .with_tree = true, .tree_at = TREE};
    if (draft_ignore(&image->ignore, d, ignore, e) < 0)
        return -1;
    buf_add_text(&out, "ARG RB_ENVIRONMENT\nFROM ${RB_ENVIRONMENT}\nUSER jovyan\nWORKDIR ${REPO_DIR}\n"
                       "COPY --chown=1000:1000 " TREE " ${REPO_DIR}/\n");
    draft_step(d, "Copy the repository into the home folder%s.",
               image->ignore ? ", but for what its ignore rules leave out" : "");
    add_runs(&out, d, needs);
    if (needs->has_start) {
        buf_add_format(&out,
                       "COPY --chown=1000:1000 --chmod=0755 " TREE "%s ${REPO_DIR}/%s\n"
                       "ENV R2D_ENTRYPOINT=${REPO_DIR}/%s\n",
                       needs->start, needs->start, needs->start);
        draft_step(d, "Start every session through %s.", needs->start);
    }
    len = out.len;
    draft_add(d, "Dockerfile", draft_keep(d, &out), len);
    return 0;
}

int lane_layers(struct plan_draft *d, struct err *e)
{
    CLEANUP(needs_free) struct needs needs = {0};

    if (check_runtime(d, e) < 0 || check_requires_python(d, e) < 0 || read_needs(&needs, d, e) < 0)
        return -1;
    snprintf(d->plan.why, sizeof d->plan.why, "%s makes it a Python environment on the debian base with Python %s.",
             d->found.file, d->set->python);
    plan_environment(d, &needs);
    return plan_content(d, &needs, e);
}
