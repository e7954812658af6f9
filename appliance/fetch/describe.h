/* The description that a plan is made of: names and texts of a repository, wherever it lies. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_DESCRIBE_H
#define FETCH_DESCRIBE_H

#include "base/buf.h"
#include "plan/plan.h"

enum source_kind { SOURCE_NOTHING, SOURCE_FILE, SOURCE_FOLDER };

struct describe_names {
    char **all; /* owned, all of them; a NULL behind the last */
    size_t n, room;
};
void describe_name(struct describe_names *names, char *owned);

/* A repository to look into. Paths are relative; links are followed inside it and lead nowhere outside. */
struct source {
    void *of;
    /* The names in a folder ("": the root), in any order. */
    int (*list)(void *of, const char *folder, struct describe_names *out, struct err *e);
    enum source_kind (*kind)(void *of, const char *path);
    /* A file's bytes; *out becomes full where they are over its limit. */
    int (*read)(void *of, const char *path, struct buf *out, struct err *e);
};

/* Owns all that `repo` points to but url and ref. */
struct description {
    struct describe_names names;
    struct plan_text *texts;
    struct plan_repo repo;
};

/* What plan.h asks for; texts over PLAN_TEXT_MAX are left out, which the plan refuses. Errors: the source's. */
int describe(struct description *out, const struct source *source, struct err *e) ERR_CHECKED;
void description_free(struct description *d);

#endif
