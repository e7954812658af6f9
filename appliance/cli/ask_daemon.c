/* Asking ringbinderd for the configuration: it reads and judges it, for the command line as for itself. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/ask_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"

const char *config_usual(void)
{
    return access(CONFIG_FILE, F_OK) == 0 ? CONFIG_FILE : NULL;
}

FILE *ask_daemon(pid_t *pid, const char *option, const char *config, struct err *e)
{
    cleanup_free char *daemon = cli_program("ringbinderd");
    char *command[] = {daemon, (char *)option, config ? "--config" : NULL, (char *)config, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], failed;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        err_set_errno(e, ERR_SYSTEM, "pipe");
        return NULL;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    failed = posix_spawn(pid, daemon, &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        errno = failed;
        err_set_errno(e, ERR_SYSTEM, "asking %s for the configuration", daemon);
        return NULL;
    }
    return fdopen(ends[0], "r");
}
