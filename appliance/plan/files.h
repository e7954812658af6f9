/* Looking into the description of a repository: names, texts, lines. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_FILES_H
#define PLAN_FILES_H

#include "base/str.h"
#include "plan/plan.h"

#define FILES_PATH_MAX 64 /* of a configuration file: a folder and a name that we know */

/* Whether there is a file of that path, or a folder where the path ends with '/'. */
bool files_has(const struct plan_repo *repo, const char *path);

/* The file's bytes, without a byte order mark; empty where there is no such file. Errors: ERR_TOO_LARGE. */
int files_text(struct slice *out, const struct plan_repo *repo, const char *path, struct err *e) ERR_CHECKED;

/* Line by line; begin with {text}. */
struct files_lines {
    struct slice rest;
    size_t number; /* of the line last read, from 1 */
};
/* False at the end. The line comes without its '\n' or "\r\n". */
bool files_line(struct slice *line, struct files_lines *lines);

/* What Python's str.strip() takes off, as far as it is ASCII. */
struct slice files_strip(struct slice text);

#endif
