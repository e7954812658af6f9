/* One child process at a time, with everything that may end it watched. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_PROCESS_H
#define FETCH_PROCESS_H

#include <stdint.h>

#include "base/buf.h"
#include "fetch/conn.h"

struct process {
    const char *const *argv;        /* ends with NULL; argv[0] is looked for in PATH */
    const char *const *environment; /* whole; ends with NULL */
    const char *folder;             /* it begins there, and its size is watched */
    int64_t size_max;               /* bytes of the folder, and of any file that the process writes */
    int limit_ms;                   /* from its start */
    int silence_ms;                 /* without a byte on its outputs or in the folder */
    /* Gets standard output piece by piece instead of process_end; NULL: nobody. Its error ends the process. */
    int (*take)(void *arg, const void *bytes, size_t len, struct err *e);
    void *arg;
};

struct process_end {
    int code;          /* exit code, or 128 + the signal's number */
    struct buf output; /* standard output, its first bytes; set its limit before (BUF_OF) */
    struct buf errors; /* standard error, alike */
};

void process_end_free(struct process_end *end);

/*
 * Runs it and waits. Whatever ends the wait early kills it with all that it started, before this returns. An exit code
 * other than 0 is no error. Errors: ERR_DEADLINE (its limit or its silence), ERR_TOO_LARGE, ERR_FETCH_CANCELLED,
 * ERR_SYSTEM, those of take(). The log hears of the folder's growth now and then.
 */
int process_run(const struct process *p, struct process_end *end, struct conn *conn, struct err *e) ERR_CHECKED;

#endif
