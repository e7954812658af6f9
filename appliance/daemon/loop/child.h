/* A child process: what blocks, blocks there. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOOP_CHILD_H
#define LOOP_CHILD_H

#include "base/buf.h"
#include "loop/op.h"

struct loop;

struct child_spec {
    const char *const *argv;        /* ends with NULL; argv[0] is a path; copied */
    const char *const *environment; /* whole; NULL: ours */
    const char *input;              /* all of its standard input; NULL: none */
    int limit_ms;                   /* killed after this long: ERR_DEADLINE; there is no child without one */
};

struct child_result {
    int exit_code;         /* 128 + number for a signal */
    struct buf output;     /* standard output; what is over its limit is dropped (set the limit before, BUF_OF) */
    struct buf complaints; /* standard error, alike */
};

/* op.h's shape. An exit code other than 0 is no error. Errors: ERR_SYSTEM, ERR_DEADLINE. Cancelling kills. */
struct op *child_run(struct loop *loop, const struct child_spec *spec, struct child_result *out, struct done done);

#endif
