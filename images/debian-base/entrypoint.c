/* The entrypoint of a base image: runs the command, copies its output into a log file, passes signals on. */
/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Behaves as the entrypoint of repo2docker's images does: R2D_ENTRYPOINT, if set, goes before the command; standard
 * output and error go to our own standard output and to .jupyter-server-log.txt in REPO_DIR (else the working
 * directory, else /tmp); a full disk costs the log, not the session; the child's exit code is ours. In C because it
 * stays for as long as the session does: an interpreter here would cost every visitor its memory and its start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_NAME ".jupyter-server-log.txt"
#define EXIT_NO_COMMAND 127 /* as a shell says it */
#define EXIT_BY_SIGNAL 128  /* plus the signal's number */

struct entry {
    pid_t child;
    int output;    /* the child's standard output and error; -1 once they are closed */
    int log;       /* -1: there is none */
    int signals;   /* signalfd */
    bool log_full; /* said so already */
    bool mute;     /* nobody reads our own standard output any more */
};

static int open_log(void)
{
    const char *folders[] = {getenv("REPO_DIR"), ".", "/tmp"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[PATH_MAX];
        if (folders[i] == NULL || *folders[i] == '\0' ||
            snprintf(path, sizeof(path), "%s/" LOG_NAME, folders[i]) >= (int)sizeof(path)) {
            continue;
        }
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
        if (fd >= 0) {
            return fd;
        }
    }
    return -1;
}

/* False when not everything could be written; errno says why. */
static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* One read's worth of output, to both places. False when there is none now or never again. */
static bool copy_output(struct entry *e)
{
    char bytes[16384];
    ssize_t n = read(e->output, bytes, sizeof(bytes));
    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        if (n == 0) {
            close(e->output);
            e->output = -1;
        }
        return false;
    }
    if (!e->mute && !write_all(STDOUT_FILENO, bytes, (size_t)n)) {
        e->mute = true;
    }
    if (e->log >= 0 && !write_all(e->log, bytes, (size_t)n) && !e->log_full) {
        e->log_full = true;
        fprintf(stderr, "%s: %s; lines are missing in it from here on\n", LOG_NAME, strerror(errno));
    }
    return true;
}

/* Passes on what has come for us. True once the command itself has ended, with its code in *code. */
static bool handle_signal(struct entry *e, int *code)
{
    struct signalfd_siginfo info;
    if (read(e->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return false;
    }
    if (info.ssi_signo != SIGCHLD) {
        kill(e->child, (int)info.ssi_signo);
        return false;
    }
    /* As process 1 we also inherit the orphans of the container. */
    bool ended = false;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == e->child) {
            ended = true;
            *code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BY_SIGNAL + WTERMSIG(status);
        }
    }
    return ended;
}

static int relay(struct entry *e)
{
    int code = 0;
    for (bool ended = false; !ended;) {
        struct pollfd wait[] = {{.fd = e->signals, .events = POLLIN}, {.fd = e->output, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            return EXIT_FAILURE;
        }
        if (wait[1].revents != 0) {
            copy_output(e);
        }
        if (wait[0].revents != 0) {
            ended = handle_signal(e, &code);
        }
    }
    /* What it said last is still in the pipe; a grandchild may hold that open, so its end is not waited for. */
    while (e->output >= 0 && copy_output(e)) {
    }
    return code;
}

/* The command with R2D_ENTRYPOINT before it. Lives as long as the process. */
static char **command(int argc, char **argv)
{
    char *first = getenv("R2D_ENTRYPOINT");
    if (first == NULL || *first == '\0') {
        return argv + 1;
    }
    char **all = calloc((size_t)argc + 1, sizeof(*all));
    if (all == NULL) {
        abort();
    }
    all[0] = first;
    memcpy(all + 1, argv + 1, (size_t)argc * sizeof(*all));
    return all;
}

static _Noreturn void run(char **words, int output, const sigset_t *mask)
{
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(words[0], words);
    fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
    _exit(EXIT_NO_COMMAND);
}

int main(int argc, char **argv)
{
    char **words = command(argc, argv);
    if (words[0] == NULL) {
        fprintf(stderr, "repo2docker-entrypoint: there is no command to run\n");
        return EXIT_NO_COMMAND;
    }
    /* SIGPIPE is our own affair (a reader of our output has left), and a blocked signal would not be ignored. */
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, &before);

    int pipe_ends[2];
    struct entry e = {.signals = signalfd(-1, &all, SFD_CLOEXEC), .log = open_log()};
    if (e.signals < 0 || pipe2(pipe_ends, O_CLOEXEC) < 0 || (e.child = fork()) < 0) {
        perror("repo2docker-entrypoint");
        return EXIT_FAILURE;
    }
    if (e.child == 0) {
        run(words, pipe_ends[1], &before);
    }
    close(pipe_ends[1]);
    e.output = pipe_ends[0];
    fcntl(e.output, F_SETFL, O_NONBLOCK);
    return relay(&e);
}
