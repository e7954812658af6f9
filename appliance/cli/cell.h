/* The cgroup of one fetch: memory and processes of all that it starts, and the end of all of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_CELL_H
#define CLI_CELL_H

#include "base/err.h"

#define CELL_ROOT "/sys/fs/cgroup"

/* v2, or v1's hierarchies of memory and processes, whichever the machine has; below ringbinder-fetch/ in each. */
struct cell {
    char *folders[3]; /* owned; ends with NULL, so none for no cell */
};

struct cell_limits {
    const char *memory, *processes; /* as the kernel reads them: "512M", "64" */
};

/* `root` is CELL_ROOT outside of tests. `name` begins with our process id, by which cell_sweep() knows whose it is. On
 * failure nothing is left. ERR_FETCH_UNBOUNDED, with what the machine lacks. */
int cell_make(struct cell *out, const char *root, const char *name, const struct cell_limits *limits,
              struct err *e) ERR_CHECKED;

/* Moves the calling process in. -1 with errno: for a child between fork(2) and exec(3). */
int cell_enter(const struct cell *c);

/* Kills all that is in it, whatever groups and sessions it has made. */
void cell_kill(const struct cell *c);

/* The same, and removes it. Waits for its processes to be gone, 200 ms at most: a process in the middle of a disk's
 * answer may take longer, and leaves an empty folder behind. */
void cell_end(struct cell *c);

/* Ends the cells of processes that are no more. */
void cell_sweep(const char *root);

#endif
