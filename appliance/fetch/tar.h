/* A tar that goes to the daemon while it is made, the same for the same calls. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_TAR_H
#define FETCH_TAR_H

#include <stdint.h>

#include "fetch/conn.h"

/* pax (POSIX.1-2001) where a plain header is too small; times, ids and owners are zero, modes one of three. */
struct tar;

/* Errors of all below: ERR_FETCH_CANCELLED, or ERR_SYSTEM with libarchive's reason. */
int tar_begin(struct tar **out, struct conn *conn, struct err *e) ERR_CHECKED;
int tar_folder(struct tar *t, const char *path, struct err *e) ERR_CHECKED;
int tar_link(struct tar *t, const char *path, const char *target, struct err *e) ERR_CHECKED;
/* Then `size` bytes, in any number of tar_bytes(). */
int tar_file(struct tar *t, const char *path, uint64_t size, bool program, struct err *e) ERR_CHECKED;
int tar_bytes(struct tar *t, const void *bytes, size_t len, struct err *e) ERR_CHECKED;
/* The archive's end and the empty BYTES behind it. */
int tar_finish(struct tar *t, struct err *e) ERR_CHECKED;
/* Frees *tar, finished or not. */
void tar_free(struct tar **tar);
#define cleanup_tar CLEANUP(tar_free)

#endif
