/* runtime.txt: which language in which version, as of which day. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_RUNTIME_TXT_H
#define PLAN_RUNTIME_TXT_H

#include "base/err.h"
#include "base/str.h"

/* Slices borrow from the text; empty where the file does not say. */
struct runtime_txt {
    bool there; /* false: there is no runtime.txt */
    struct slice name, version, date;
};

/* The whole text is name-version, name-YYYY-MM-DD or name-version-YYYY-MM-DD. Errors: ERR_PLAN_FILE. */
int runtime_txt_read(struct runtime_txt *out, const char *path, struct slice text, struct err *e) ERR_CHECKED;

#endif
