/* apt.txt: Debian packages, by a grammar that lets nothing else through. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_APT_TXT_H
#define PLAN_APT_TXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * A line is a package's name, or name=version; '#' begins a comment. Adds each to `words` with a blank in front,
 * sorted, once; sets *n. A word consists of letters, digits and ".+-=:~" alone, so that no shell can misread it.
 * Stricter than repo2docker, which checks how a line begins and lets the rest be shell. Errors: ERR_PLAN_FILE.
 */
int apt_txt_read(struct buf *words, size_t *n, const char *path, struct slice text, struct err *e) ERR_CHECKED;

#endif
