/* A process for each connection to fetch.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_FETCHERS_H
#define CLI_FETCHERS_H

#include <stdbool.h>
#include <sys/types.h>

struct place;

/* What systemd does with Accept=yes: each connection becomes standard input of a ringbinder-fetch with the fetch
 * user's id, in a folder of its own, which is removed when it has ended. */
#define FETCHERS_MAX 32 /* at a time; further connections wait in the kernel */

struct fetcher {
    pid_t pid; /* 0: free */
    char *folder;
};

struct fetchers {
    struct fetcher all[FETCHERS_MAX];
};

bool fetchers_full(const struct fetchers *f);
void fetchers_accept(struct fetchers *f, const struct place *p);
/* Whether `pid`, which has ended, was one of these; if so, what it left behind is removed. */
bool fetchers_ended(struct fetchers *f, pid_t pid);
/* Kills all and waits for them. */
void fetchers_stop(struct fetchers *f);

#endif
