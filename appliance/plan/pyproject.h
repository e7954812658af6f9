/* pyproject.toml: the little of it that decides. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_PYPROJECT_H
#define PLAN_PYPROJECT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct pyproject {
    bool project, build_system;   /* there is a table of that name */
    struct slice requires_python; /* as written, without its quotes; borrows from the text; empty where not said */
};

/* A subset of TOML: tables, keys and the ends of values; what is inside of values is not looked at, so that no depth
 * costs anything. Errors: ERR_PLAN_FILE. */
int pyproject_read(struct pyproject *out, const char *path, struct slice text, struct err *e) ERR_CHECKED;

/* Whether a Python X.Y, in some patch release, satisfies the specifiers (PEP 440). Errors: ERR_PLAN_FILE. */
int pyproject_admits(bool *out, struct slice requires_python, const char *python, struct err *e) ERR_CHECKED;

#endif
