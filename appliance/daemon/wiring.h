/* The daemon: its rooms, in the order in which they stand on each other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_WIRING_H
#define DAEMON_WIRING_H

#include "conf.h"

#define STATE_FILE "ringbinder.db" /* in the state folder */

/* Everything is made, listens, and goes on until SIGTERM or SIGINT; then it ends in the opposite order. The sockets
 * `portal`, `admin` and `control` are inherited (sd_listen_fds(3)). `dir`: the state folder, which exists. Errors: what
 * kept it from starting. */
int daemon_run(const struct conf *conf, const char *dir, struct err *e) ERR_CHECKED;

/* Removes every container of the state folder's instance, their network and its nftables table, for who stops the
 * whole appliance (decisions 8). ERR_STORE_LOCKED: a daemon runs there. */
int daemon_end_containers(const struct conf *conf, const char *dir, struct err *e) ERR_CHECKED;

#endif
