/* Describing a repository to the plan, in tests: from pairs of path and text. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_DESCRIPTION_H
#define TESTS_DESCRIPTION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "plan/settings.h"

#define DESCRIPTION_MAX 32

struct description {
    struct plan_repo repo;
    const char *names[2 * DESCRIPTION_MAX + 1];
    struct plan_text texts[DESCRIPTION_MAX];
    char folders[DESCRIPTION_MAX][64];
    size_t n_names;
};

static const struct plan_settings description_settings = {
    .lanes = 1u << PLAN_DOCKERFILE | 1u << PLAN_LAYERS,
    .heredoc = true,
    .python = PLAN_BASE_PYTHON,
};

static int description_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As ringbinder-fetch does it: names of root and the two folders, texts of what the plan wants. */
static inline void description_add(struct description *d, const char *path, const char *bytes, size_t len)
{
    const char *slash = strchr(path, '/');
    size_t i = d->repo.n_texts;

    if (d->n_names >= 2 * DESCRIPTION_MAX - 1 || i == DESCRIPTION_MAX)
        return;
    if (slash && (size_t)(slash - path) < sizeof d->folders[0] - 1) {
        size_t n = d->n_names;

        snprintf(d->folders[n / 2], sizeof d->folders[0], "%.*s/", (int)(slash - path), path);
        d->names[d->n_names++] = d->folders[n / 2];
    }
    d->names[d->n_names++] = path;
    if (plan_wants(path))
        d->texts[d->repo.n_texts++] = (struct plan_text){path, bytes, len};
    qsort(d->names, d->n_names, sizeof d->names[0], description_order);
    d->repo.names = d->names;
    d->repo.texts = d->texts;
    d->repo.url = "https://git.example.com/repo";
    d->repo.ref = "HEAD";
}

/* {"path", "text", ..., NULL} */
static inline void description_of(struct description *d, const char *const *pairs)
{
    memset(d, 0, sizeof *d);
    d->repo.names = d->names;
    for (; *pairs; pairs += 2)
        description_add(d, pairs[0], pairs[1], strlen(pairs[1]));
}

#endif
