/* From a repository's files to the images that are made of them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * From what a repository holds to what its image is made of. Pure: the same description and settings give the same
 * plan, byte for byte; no clock, no network, no file. Runs inside ringbinder-fetch, because the texts are hostile.
 */
enum plan_lane { PLAN_DOCKERFILE, PLAN_LAYERS, PLAN_REPO2DOCKER };

#define PLAN_TEXT_MAX (1 << 20) /* bytes of one configuration file */
#define PLAN_IMAGES_MAX 2

struct plan_text {
    const char *path;  /* relative, no dot segments */
    const char *bytes; /* not NUL-terminated */
    size_t len;        /* at most PLAN_TEXT_MAX */
};

struct plan_repo {
    const char *url, *ref;
    /* In root, binder/ and .binder/, as paths from the root; a folder's ends with '/'. Ends with NULL. */
    const char *const *names;
    const struct plan_text *texts; /* those of them that plan_wants(); one that is too large is left out, and refused */
    size_t n_texts;
};

struct plan_image {
    const char *dockerfile;        /* its path in the context */
    const struct plan_text *added; /* beside the tree, or in place of files of the same path; never left out by rules */
    size_t n_added;
    bool with_tree;      /* false: `added` is the whole context */
    const char *tree_at; /* where the tree lies in the context: "", or "src/", which is there even when it is empty */
    const char *ignore;  /* rules of .dockerignore, for paths in the tree (plan/ignore.h); NULL: none */
};

struct plan {
    enum plan_lane lane;
    const char *pack;   /* what repo2docker calls the kind of repository: "PythonBuildPack"; static */
    char why[256];      /* a sentence for `explain`: which file decided */
    bool render_online; /* PLAN_REPO2DOCKER: R and Julia ask the network while rendering */
    /* Built in order. Both of PLAN_LAYERS are FROM ${RB_ENVIRONMENT}: the base for the first, the first for the
     * second. Where nothing has to be installed, there is only the one with the tree. */
    struct plan_image images[PLAN_IMAGES_MAX];
    size_t n_images;
    /* Lines of the repository's Dockerfile behind which lines were added (wire/fetch.h), "1 7"; NULL: none. */
    const char *added;
    const char *const *steps; /* what is done, each a sentence; for `explain` and the log */
    size_t n_steps;
};

struct plan_settings; /* plan/settings.h */

/* Whether the plan reads the file of that path, so that its text belongs into the description. */
bool plan_wants(const char *path);

/* The first lane that takes the repository wins. *out borrows from `repo` and `set`, which outlive it. Errors:
 * ERR_PLAN_NO_LANE, ERR_PLAN_FILE (a file's grammar, with file and line), ERR_PLAN_CONFLICT, ERR_PLAN_ENGINE,
 * ERR_TOO_LARGE; all have a sentence for the visitor. */
int plan_make(struct plan **out, const struct plan_repo *repo, const struct plan_settings *set,
              struct err *e) ERR_CHECKED;
/* Frees *plan, which may be NULL, and sets it to NULL. */
void plan_free(struct plan **plan);

#endif
