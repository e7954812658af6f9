/* What two of our programs do with a cgroup's folder. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/cgroup.h"

#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"

void cgroup_kill_listed(const char *folder)
{
    cleanup_free char *path = mem_format("%s/cgroup.procs", folder);
    cleanup_file FILE *list = fopen(path, "re");
    int pid;

    while (list && fscanf(list, "%d", &pid) == 1)
        if (pid > 1)
            kill(pid, SIGKILL);
}
