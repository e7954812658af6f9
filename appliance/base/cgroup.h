/* What two of our programs do with a cgroup's folder. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

/* Kills every process that the folder's cgroup.procs lists now, in v1 and v2 alike; a folder that is gone has none. A
 * process that is forked meanwhile may be missed: ask again, or hold it by a limit. */
void cgroup_kill_listed(const char *folder);

#endif
