/* The cgroups of containers and of build steps, v1 or v2. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_CGROUP_H
#define ENGINE_CGROUP_H

#include <stdint.h>

#include "base/err.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_FOLDERS_MAX 2

struct cgroup_place {
    const char *root;   /* CGROUP_ROOT outside of tests */
    const char *parent; /* the engine's --cgroup-parent; NULL: what it is without one */
};

/* Where systemd has the cgroup of a unit of this name: a slice lies in those that its name names (systemd.slice(5):
 * "a-b.slice" is "a.slice/a-b.slice"); anything else is where it says. The caller's to free. */
char *cgroup_slice(const char *name);

/*
 * Processor time that the container with this id of the engine's has used, in microseconds; -1 when it has no cgroup
 * here. Looks where Docker (cgroupfs and systemd driver) and Podman put it.
 */
int64_t cgroup_cpu_us(const struct cgroup_place *where, const char *engine_id);
/* The same for the bytes of memory that it uses now, file cache included. */
int64_t cgroup_memory(const struct cgroup_place *where, const char *engine_id);

/* One of the processes of that container, by our own ids; -1 when there is none here. */
int cgroup_process(const struct cgroup_place *where, const char *engine_id);

/* Where, below the root of v2, the cgroup lies that a process is in, by its /proc/PID/cgroup (cgroups(7)): of
 * "0::/system.slice/docker.service" it is "system.slice". NULL: at the root, or the file cannot be read or is of v1.
 * The caller's to free. */
char *cgroup_above(const char *file);

/* The folders in which the cgroup `name` ("docker/buildkit"; "": the root itself) has its memory and its number of
 * processes limited: two with v1, one with v2. Returns how many; the paths are the caller's to free. Errors:
 * ERR_ENGINE_NO_LIMITS, where one of the two cannot be limited. */
int cgroup_folders(char *out[CGROUP_FOLDERS_MAX], const char *root, const char *name, struct err *e) ERR_CHECKED;

/* Makes a cgroup and those above it; one that is there is left as it is. Errors: ERR_ENGINE_NO_LIMITS. */
int cgroup_make(const char *folder, struct err *e) ERR_CHECKED;

struct cgroup_limits {
    int64_t memory_bytes; /* swap included; 0: none */
    int processes;        /* threads included; 0: none */
};
/* Writes those of the limits that this folder is for; a lower one that is there stays. What has more memory already
 * than it may have is killed, as it would have been. Errors: ERR_ENGINE_NO_LIMITS. */
int cgroup_limit(const char *folder, const struct cgroup_limits *limits, struct err *e) ERR_CHECKED;

#endif
