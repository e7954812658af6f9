/* The cgroup of a container, v1 or v2. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_CGROUP_H
#define ENGINE_CGROUP_H

#include <stdint.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/*
 * Processor time that the container with this id of the engine's has used, in microseconds; -1 when it has no cgroup
 * here. Looks where Docker (cgroupfs and systemd driver) and Podman put it; `root` is CGROUP_ROOT outside of tests.
 */
int64_t cgroup_cpu_us(const char *root, const char *engine_id);

#endif
