/* git(1) as it is run here: its environment, its limits, its complaints. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_GIT_H
#define FETCH_GIT_H

#include <stdint.h>

#include "fetch/conn.h"
#include "fetch/process.h"

#define GIT_COMMIT 41       /* 40 hex digits and a NUL */
#define GIT_OUTPUT_MAX 4096 /* bytes that are kept of what it says: only the first line is read */
#define GIT_ERRORS_MAX 2048 /* and of its complaints */

struct git {
    const char *folder; /* private, exists; git begins there */
    struct conn *conn;
    int64_t size_max; /* bytes of the folder */
};

/* Whether addresses of that kind are fetched here: http, https and git. Errors: ERR_FETCH_ADDRESS with a sentence. */
int git_address(const char *url, struct err *e) ERR_CHECKED;
/* 40 hex digits. */
bool git_is_commit(const char *text);
/* Whether `ref` can stand where git reads a refspec, and means the ref of that name alone. */
bool git_is_plain_ref(const char *ref);

/* An end with room for what git says. */
#define GIT_END ((struct process_end){.output = BUF_OF(GIT_OUTPUT_MAX), .errors = BUF_OF(GIT_ERRORS_MAX)})

/* Runs `git ...words`; the words end with NULL. Errors: process_run()'s. */
int git_run(struct process_end *end, const struct git *g, const char *const *words, int limit_ms,
            struct err *e) ERR_CHECKED;

/* Whether what it complains of is that there is no such repository, or none that everybody may read. */
bool git_says_missing(const struct buf *errors);

/* The same; standard output goes to take() as it comes (process.h). */
struct git_taker {
    int (*take)(void *arg, const void *bytes, size_t len, struct err *e);
    void *arg;
};
int git_stream(struct process_end *end, const struct git *g, const char *const *words, const struct git_taker *to,
               struct err *e) ERR_CHECKED;

/* Its complaints on one line, for people; where there is no room for all, their end, because the cause comes last. */
void git_complaint(char *out, size_t room, const struct buf *errors);

#endif
