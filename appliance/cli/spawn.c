/* Starting one of our programs: as whom, with which descriptors. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/cell.h"

#define FIRST_FD 3
#define COMMAND_MAX (SPAWN_ARGUMENTS_MAX + 12)

/* setpriv's own words, then the program's. Strings that were made are the caller's: `made` frees them. */
static void spawn_command(const char *command[COMMAND_MAX], const struct spawn *s, char **made)
{
    int count = 0;

    command[count++] = "setpriv";
    command[count++] = "--pdeathsig=TERM";
    if (s->user) {
        command[count++] = made[0] = mem_format("--reuid=%s", s->user);
        command[count++] = made[1] = mem_format("--regid=%s", s->user);
        command[count++] = "--clear-groups";
        command[count++] = "--no-new-privs";
        command[count++] = "--inh-caps=-all";
    }
    command[count++] = "--";
    command[count++] = s->program;
    for (int i = 0; s->arguments[i]; i++)
        command[count++] = s->arguments[i];
    command[count] = NULL;
}

static int spawn_count(const struct spawn *s)
{
    int count = 0;

    while (count < SPAWN_FDS_MAX && s->fds[count].name)
        count++;
    return count;
}

/* First out of the way of 3, 4, ..., then there. dup2() clears close-on-exec. */
static bool spawn_place_fds(const struct spawn *s, int count)
{
    int safe[SPAWN_FDS_MAX];

    for (int i = 0; i < count; i++) {
        safe[i] = fcntl(s->fds[i].fd, F_DUPFD_CLOEXEC, FIRST_FD + SPAWN_FDS_MAX);
        if (safe[i] < 0)
            return false;
    }
    if (s->input >= 0 && dup2(s->input, STDIN_FILENO) < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (dup2(safe[i], FIRST_FD + i) < 0)
            return false;
    return true;
}

static void spawn_announce_fds(const struct spawn *s, int count)
{
    char names[128] = "", number[16];

    for (int i = 0; i < count; i++) {
        size_t len = strlen(names);

        snprintf(names + len, sizeof names - len, "%s%s", i ? ":" : "", s->fds[i].name);
    }
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%d", count);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", names, 1);
}

static void spawn_become(const struct spawn *s, const char *const *command)
{
    int count = spawn_count(s);
    sigset_t none;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (!spawn_place_fds(s, count) || (s->cell && cell_enter(s->cell) < 0))
        return;
    if (s->environment)
        environ = (char **)(void *)s->environment;
    if (count)
        spawn_announce_fds(s, count);
    execvp(command[0], (char *const *)(const void *)command);
}

int spawn_start(pid_t *out, const struct spawn *s, struct err *e)
{
    const char *command[COMMAND_MAX];
    char *made[2] = {NULL, NULL};
    pid_t pid;

    spawn_command(command, s, made);
    pid = fork();
    if (pid == 0) {
        spawn_become(s, command);
        perror("<3>ringbinder up: starting a program through setpriv");
        _exit(127);
    }
    free(made[0]);
    free(made[1]);
    if (pid < 0)
        return err_set_errno(e, ERR_SYSTEM, "starting %s", s->program);
    *out = pid;
    return 0;
}
