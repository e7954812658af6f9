/* The arguments before a Dockerfile's first FROM, and what FROM lines become with them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_EXPAND_H
#define PLAN_EXPAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * BuildKit's shell words (moby/buildkit frontend/dockerfile/shell/lex.go), as far as its versions agree. What they
 * read differently, and what only a build tells (build arguments of the daemon, a value without default), is unknown:
 * who asks for an image's name must not guess.
 */
#define EXPAND_ARGUMENTS_MAX 256
#define EXPAND_WORD_MAX 1024 /* bytes of a word with its values */

struct expand_argument {
    char name[64];
    char *value; /* owned; NULL: unknown */
};

struct expand {
    struct expand_argument arguments[EXPAND_ARGUMENTS_MAX];
    size_t n;
    bool unknown; /* more of them than fit, or written so that versions differ: no name can be looked up */
};

void expand_close(struct expand *x);
#define cleanup_expand CLEANUP(expand_close)

/* An ARG instruction's arguments. */
void expand_note(struct expand *x, struct slice arguments, char escape);

/* Adds the word with its quotes taken off and its arguments put in; false when that cannot be told. */
bool expand_word(struct buf *out, const struct expand *x, struct slice word, char escape);

#endif
