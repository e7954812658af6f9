/* Cleanup attributes: what a scope owns is given back however the scope is left. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Usage: `cleanup_free char *text = mem_string(...);`, `cleanup_close int fd = -1;`. To hand the thing on, STEAL it.
 * A room gives its own types the same: `cleanup_buf` in base/buf.h.
 */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* The pointer's value; the variable is NULL afterwards, so its cleanup does nothing. */
#define STEAL(pointer)                                                                                                 \
    __extension__({                                                                                                    \
        __typeof__(pointer) stolen_ = (pointer);                                                                       \
        (pointer) = NULL;                                                                                              \
        stolen_;                                                                                                       \
    })

/* The same for a descriptor, which becomes -1. */
static inline int steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

static inline void cleanup_free_at(void *at)
{
    free(*(void **)at);
}

static inline void cleanup_close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_file_at(FILE **file)
{
    if (*file)
        fclose(*file);
}

static inline void cleanup_dir_at(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

#define cleanup_free CLEANUP(cleanup_free_at)
#define cleanup_close CLEANUP(cleanup_close_at)
#define cleanup_file CLEANUP(cleanup_file_at)
#define cleanup_dir CLEANUP(cleanup_dir_at)

#endif
