/* What kind of repository it is, in repo2docker's order. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_DETECT_H
#define PLAN_DETECT_H

#include "plan/files.h"
#include "plan/runtime_txt.h"

struct detection {
    const char *pack;           /* "PythonBuildPack"; static; NULL: nothing claims it */
    const char *folder;         /* where configuration is looked for: "", "binder/" or ".binder/"; static */
    char file[FILES_PATH_MAX];  /* the file that decided; "" where none did */
    struct runtime_txt runtime; /* of packs behind Nix in the order; else not there */
    const char *package;        /* "setup.py" or "pyproject.toml" where the tree itself is to be installed, else NULL */
};

/* The path of `name` in the folder that counts. */
void detect_path(char out[FILES_PATH_MAX], const struct detection *d, const char *name);

/* Errors: ERR_PLAN_CONFLICT, ERR_PLAN_FILE, ERR_TOO_LARGE; *out then says how far it came. */
int detect(struct detection *out, const struct plan_repo *repo, struct err *e) ERR_CHECKED;

#endif
