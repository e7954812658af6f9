/* Starting one of our programs: as whom, with which descriptors. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define SPAWN_FDS_MAX 4
#define SPAWN_ARGUMENTS_MAX 8

struct spawn_fd {
    const char *name; /* in LISTEN_FDNAMES */
    int fd;
};

struct cell;

/* All of it is borrowed. The privileges are dropped by setpriv(1), so that no code of ours does it. */
struct spawn {
    const char *program;                            /* a path */
    const char *arguments[SPAWN_ARGUMENTS_MAX + 1]; /* behind argv[0], end with NULL */
    const char *user;                               /* a name or a number; NULL: as we are */
    struct spawn_fd fds[SPAWN_FDS_MAX];             /* handed over (sd_listen_fds(3)); a NULL name ends them */
    const struct cell *cell;                        /* NULL: none */
    int input;                                      /* becomes standard input when it is >= 0 */
    const char *const *environment;                 /* whole, ends with NULL; NULL: ours */
};

/* The child dies with us, and is a process group of its own. -1: ERR_SYSTEM. */
int spawn_start(pid_t *out, const struct spawn *s, struct err *e) ERR_CHECKED;

#endif
