/* requirements.txt: what kind of lines it has decides who installs it, and when. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_REQUIREMENTS_H
#define PLAN_REQUIREMENTS_H

#include "base/buf.h"
#include "base/str.h"

struct requirements {
    bool any;   /* a line that is neither blank nor a comment */
    bool local; /* a line names files of the repository: installed after the tree is copied */
    bool plain; /* names, extras, versions and markers alone, which uv and pip understand alike */
};

struct requirements requirements_look(struct slice text);

/* Adds the text as UTF-8; pip takes UTF-16 with a byte order mark, as PowerShell writes it, and uv does not. */
void requirements_as_utf8(struct buf *out, struct slice text);

#endif
