/* The private folder of one fetch: where git's bytes lie, and how large they have become. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_FOLDER_H
#define FETCH_FOLDER_H

#include <stdint.h>

#include "base/err.h"

/*
 * It is made below the folder that RB_FETCH_DIR names (default /tmp), for its owner alone, and removed by whoever made
 * it, however the work ends. What a SIGKILL leaves behind is removed by whoever killed: `ringbinder up` removes the
 * folder that it named, systemd the whole PrivateTmp.
 */

/* *out is owned. -1: ERR_SYSTEM. */
int folder_make(char **out, struct err *e) ERR_CHECKED;
/* Removes it with all that is in it and frees the path; does nothing to NULL. */
void folder_remove(char **folder);
#define cleanup_folder CLEANUP(folder_remove)

/* Bytes of all files in it; links are not followed, what vanishes meanwhile counts nothing. */
int64_t folder_size(const char *folder);

#endif
