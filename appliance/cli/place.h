/* The folder, the lock, the listeners and the settings of an appliance that runs in the foreground. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <sys/types.h>

#include "base/err.h"

/*
 * DIR, and in it: run/ (the sockets), fetch/ (a folder for each fetch process), the daemon's state, and `lock`, held
 * while we run. The table of sockets is in ARCHITECTURE.md.
 */
struct place {
    const char *dir, *config; /* borrowed; config: NULL for none */
    int lock;
    int portal, sessions;            /* TCP, for the gateway */
    int door;                        /* unix, for the gateway */
    int portal_unix, admin, control; /* unix, for the daemon */
    int fetch;                       /* unix, ours */
    char portal_listen[64], sessions_listen[64];
    char gateway_user[33], fetch_uid[12];
    char fetch_memory[24], fetch_processes[12]; /* as the kernel reads them, which is how the daemon shows them */
};

/* Reads the settings (the daemon knows the table of keys, so it is asked), locks, makes folders and listeners.
 * Errors: ERR_UP_HELD, ERR_SYSTEM, ERR_MALFORMED (the daemon has said on stderr what is wrong). */
int place_open(struct place *p, const char *dir, const char *config, struct err *e) ERR_CHECKED;
void place_close(struct place *p);

/* A new folder of its own for one fetch process, below DIR/fetch. The caller frees the path. NULL: *e says why. */
char *place_fetch_folder(const struct place *p, struct err *e);

/* Removes a folder with all that is in it, following no symbolic link. Nobody else may write to it any more. */
void place_remove(const char *folder);

#endif
