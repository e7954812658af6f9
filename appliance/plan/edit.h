/* A text with insertions, written once from front to back. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_EDIT_H
#define PLAN_EDIT_H

#include "base/buf.h"
#include "base/str.h"

struct edit {
    struct buf *out;
    struct slice text;
    size_t written; /* bytes of the text */
    size_t n;       /* insertions */
};

/* `offset` is not before the one of the call before. */
static inline void edit_insert(struct edit *edit, size_t offset, struct slice what)
{
    buf_add(edit->out, edit->text.at + edit->written, offset - edit->written);
    buf_add(edit->out, what.at, what.len);
    edit->written = offset;
    edit->n++;
}

/* The rest of the text. */
static inline void edit_end(struct edit *edit)
{
    buf_add(edit->out, edit->text.at + edit->written, edit->text.len - edit->written);
    edit->written = edit->text.len;
}

#endif
