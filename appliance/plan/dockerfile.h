/* Reading a stranger's Dockerfile as BuildKit does, as far as lines, directives and stages go. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_DOCKERFILE_H
#define PLAN_DOCKERFILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * One instruction at a time. Follows moby/buildkit's frontend/dockerfile/parser: the escape directive, comments and
 * blank lines between continuation lines, heredocs. Each byte is read once.
 */
struct dockerfile {
    struct slice text;
    size_t at;
    size_t line;       /* lines read so far */
    char escape;       /* '\\' or '`' */
    struct buf joined; /* the instruction, its lines joined */
    struct buf segments;
    bool carriage_return; /* a heredoc's line has ended with one */
};

struct dockerfile_instruction {
    struct slice word;      /* as written: "FROM", "from" */
    struct slice arguments; /* borrowed until the next call */
    size_t first_line;      /* from 1 */
    size_t end;             /* offset in the text behind its last line, heredocs included */
    bool heredoc;
    bool unended;   /* its last line says that it goes on, and the text ends */
    bool uncertain; /* engines that know heredocs may read other ones into it */
};

void dockerfile_open(struct dockerfile *d, struct slice text);
void dockerfile_close(struct dockerfile *d);
#define cleanup_dockerfile CLEANUP(dockerfile_close)

/* False at the end. Errors in the text are BuildKit's to tell; here a line that is none is an instruction like others.
 */
bool dockerfile_next(struct dockerfile_instruction *out, struct dockerfile *d);

/* Cuts off the first word; quotes and the escape character keep blanks together. Empty at the end. */
struct slice dockerfile_word(struct slice *rest, char escape);

/* Takes one flag, "--name=value", off the front: to `out` without quotes and escapes; false where there is none. */
bool dockerfile_flag(struct buf *out, struct slice *rest);

/* Takes the word of an instruction off the front of what is behind ONBUILD. */
struct slice dockerfile_sub_instruction(struct slice *rest);

/* The offset in the text of a place in the instruction that was read last; of a line's end, not of the next one. */
size_t dockerfile_offset(const struct dockerfile *d, const char *at);

/*
 * Adds the text with every `# syntax=` directive made harmless: such a line becomes a bare "#", behind the directives
 * that stay, so that lines keep their numbers (builds.md 4.1). *changed: whether there was one. Errors: ERR_PLAN_FILE
 * for a Dockerfile that is JSON, which newer engines look into for the directive, too.
 */
int dockerfile_neutralise(struct buf *out, bool *changed, struct slice text, struct err *e) ERR_CHECKED;

#endif
