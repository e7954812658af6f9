/* Descriptors: unix sockets, inherited listeners, who is at the other end. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

/* All descriptors made here are close-on-exec. `type` is SOCK_STREAM or SOCK_SEQPACKET, plus SOCK_NONBLOCK. */

/* Binds and listens; an old socket file at `path` is replaced. Sets the file's mode. -1: ERR_SYSTEM. */
int fd_listen_unix(int *out, const char *path, int type, mode_t mode, struct err *e) ERR_CHECKED;

/* Connects. -1: ERR_SYSTEM. */
int fd_connect_unix(int *out, const char *path, int type, struct err *e) ERR_CHECKED;

/* Reads "127.0.0.1:8585", "[::1]:8585": an address, never a name. *len: of what was written. -1: ERR_MALFORMED. */
int fd_address(struct sockaddr_storage *out, socklen_t *len, const char *text, struct err *e) ERR_CHECKED;

/* Listens on "127.0.0.1:8585", "[::1]:8585"; non-blocking. -1: ERR_SYSTEM, or ERR_MALFORMED for the text. */
int fd_listen_tcp(int *out, const char *address, struct err *e) ERR_CHECKED;

/* The descriptor that was handed over under `name` (LISTEN_FDS, LISTEN_FDNAMES: sd_listen_fds(3)), made non-blocking
 * and close-on-exec. -1 when there is none of that name. Works as long as LISTEN_PID is this process. */
int fd_inherited(const char *name);

/* Who is at the other end of a connected unix socket. -1: ERR_SYSTEM. */
int fd_peer_user(uid_t *out, int fd, struct err *e) ERR_CHECKED;
/* Its process, or the one that made the socket that was connected to; 0: one that this process cannot see. */
int fd_peer_process(pid_t *out, int fd, struct err *e) ERR_CHECKED;

/* This process may have FD_WANTED descriptors open: raises its own limit where it is allowed to, so that a machine
 * whose limit is too low is told at the start, not by whatever first gets none. -1: ERR_FILES_FEW. */
#define FD_WANTED 1024
int fd_want(struct err *e) ERR_CHECKED;

int fd_set_nonblocking(int fd, struct err *e) ERR_CHECKED;

#endif
