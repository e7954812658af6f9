/* A process for each connection to fetch.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_FETCHERS_H
#define CLI_FETCHERS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/cell.h"

struct place;

/* What systemd does with Accept=yes: each connection becomes standard input of a ringbinder-fetch with the fetch
 * user's id, in a folder of its own, which is removed when it has ended. */
#define FETCHERS_MAX 32       /* at a time; further connections wait in the kernel */
#define FETCHERS_STAY_MS 2000 /* one that stays longer after the daemon has hung up is killed */

struct fetcher {
    pid_t pid; /* 0: free */
    char *folder;
    struct cell cell; /* of no folders where the machine has none to give */
    int connection;   /* a copy, on which the daemon's hanging up is seen; -1: it has hung up */
    int64_t kill_at;  /* clock_ms(); 0: the daemon has not hung up */
};

struct fetchers {
    struct fetcher all[FETCHERS_MAX];
    bool told; /* that there are no cells */
};

bool fetchers_full(const struct fetchers *f);
void fetchers_accept(struct fetchers *f, const struct place *p);
/* What to poll for daemons that hang up; each in its place, -1 where there is nothing to wait for. */
void fetchers_poll(const struct fetchers *f, struct pollfd fds[FETCHERS_MAX]);
/* Takes what poll() saw; kills those that have stayed too long. Returns when to come back, in ms, -1: never. */
int fetchers_turn(struct fetchers *f, const struct pollfd fds[FETCHERS_MAX]);
/* Whether `pid`, which has ended, was one of these; if so, what it left behind is removed. */
bool fetchers_ended(struct fetchers *f, pid_t pid);
/* Kills all and waits for them. */
void fetchers_stop(struct fetchers *f);

#endif
