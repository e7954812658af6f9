/* One child process at a time, with everything that may end it watched. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "fetch/folder.h"

#define TURN_MS 200                   /* how often the folder is measured */
#define TURN_SHARE 10                 /* a folder of many files is measured for a tenth of the time at most */
#define TOLD_MS 5000                  /* how often the log hears of its size */
#define FILE_SLACK ((rlim_t)16 << 20) /* above size_max, so that the folder is seen to be over it */
#define LEFT_PIECES 32                /* a pipe holds 16 pages, which may come in as many pieces */
#define MEGABYTE (INT64_C(1) << 20)

enum { OUTPUT, ERRORS, EXITED, CONN, POLLS = CONN + CONN_POLLS };

struct run {
    const struct process *process;
    struct process_end *end;
    struct conn *conn;
    pid_t pid;
    struct pollfd polls[POLLS];
    int64_t started_ms, heard_ms, told_ms, measure_ms;
    int64_t size;
};

void process_end_free(struct process_end *end)
{
    buf_free(&end->output);
    buf_free(&end->errors);
}

static _Noreturn void become(const struct process *p, int output, int errors)
{
    rlim_t most = (rlim_t)p->size_max + FILE_SLACK;
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0 || chdir(p->folder) < 0)
        _exit(127);
    execvpe(p->argv[0], (char *const *)p->argv, (char *const *)p->environment);
    dprintf(2, "starting %s: %s\n", p->argv[0], strerrorname_np(errno));
    _exit(127);
}

/* A pipe whose end for us does not block. */
static int pipe_make(int *ours, int *theirs, struct err *e)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(e, ERR_SYSTEM, "pipe");
    *ours = ends[0];
    *theirs = ends[1];
    return fd_set_nonblocking(*ours, e);
}

static int start(struct run *r, struct err *e)
{
    cleanup_close int output = -1, errors = -1;

    if (pipe_make(&r->polls[OUTPUT].fd, &output, e) < 0 || pipe_make(&r->polls[ERRORS].fd, &errors, e) < 0)
        return -1;
    r->pid = fork();
    if (r->pid == 0)
        become(r->process, output, errors);
    if (r->pid < 0)
        return err_set_errno(e, ERR_SYSTEM, "fork");
    r->polls[EXITED].fd = pidfd_open(r->pid, 0);
    return r->polls[EXITED].fd < 0 ? err_set_errno(e, ERR_SYSTEM, "pidfd_open") : 0;
}

/* Kills what /proc says are our children; false where it does not say. */
static bool kill_children(void)
{
    cleanup_file FILE *list = fopen("/proc/thread-self/children", "re");
    int pid;

    if (!list)
        return false;
    while (fscanf(list, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    return true;
}

/*
 * We are the reaper of what the child started, so its orphans become our children: killing until there are none ends
 * them all. A process group would do less: `ringbinder up` ends a fetch by its group, and git has to be in that one.
 */
static void kill_all(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (kill_children() && waitpid(-1, NULL, 0) > 0)
        continue;
}

/* Reads what is there; what is over the buffer's limit is dropped. At the end the pipe is closed. */
static void drain(struct run *r, struct pollfd *pipe_end, struct buf *to)
{
    char bytes[4096];
    ssize_t got = -1;

    while (pipe_end->fd >= 0 && (got = read(pipe_end->fd, bytes, sizeof bytes)) > 0) {
        size_t room = to->limit - to->len;

        buf_add(to, bytes, (size_t)got < room ? (size_t)got : room);
        r->heard_ms = clock_ms();
    }
    if (got == 0)
        close(steal_fd(&pipe_end->fd));
}

/* One piece at a time: between two of them everything else is looked at. What took long is no silence of the child. */
static int hand_on(struct run *r, struct pollfd *pipe_end, struct err *e)
{
    char bytes[65536];
    ssize_t got = pipe_end->fd >= 0 ? read(pipe_end->fd, bytes, sizeof bytes) : -1;
    int taken = got > 0 ? r->process->take(r->process->arg, bytes, (size_t)got, e) : 0;

    if (got > 0)
        r->heard_ms = clock_ms();
    if (got == 0)
        close(steal_fd(&pipe_end->fd));
    return taken;
}

static int take_output(struct run *r, struct err *e)
{
    if (r->process->take)
        return hand_on(r, &r->polls[OUTPUT], e);
    drain(r, &r->polls[OUTPUT], &r->end->output);
    return 0;
}

static int measure(struct run *r, struct err *e)
{
    int64_t before = clock_ms(), size = folder_size(r->process->folder), after = clock_ms(), pause;

    pause = (after - before) * TURN_SHARE;
    r->measure_ms = after + (pause > TURN_MS ? pause : TURN_MS);
    if (size != r->size)
        r->heard_ms = after;
    if (size != r->size && after - r->told_ms >= TOLD_MS) {
        conn_line(r->conn, "%lld MB so far", (long long)(size / MEGABYTE));
        r->told_ms = after;
    }
    r->size = size;
    if (size <= r->process->size_max)
        return 0;
    return err_set(e, ERR_TOO_LARGE, "the repository has more than %lld bytes, the limit is %lld", (long long)size,
                   (long long)r->process->size_max);
}

static int limits(const struct run *r, struct err *e)
{
    int64_t now = clock_ms();

    if (now - r->started_ms >= r->process->limit_ms)
        return err_set(e, ERR_DEADLINE, "the server took longer than %d s", r->process->limit_ms / 1000);
    if (now - r->heard_ms >= r->process->silence_ms)
        return err_set(e, ERR_DEADLINE, "the server has sent nothing for %d s", r->process->silence_ms / 1000);
    return 0;
}

static int turn(struct run *r, struct err *e)
{
    if (poll(r->polls, POLLS, TURN_MS) < 0 && errno != EINTR)
        return err_set_errno(e, ERR_SYSTEM, "poll");
    if (take_output(r, e) < 0)
        return -1;
    drain(r, &r->polls[ERRORS], &r->end->errors);
    if (conn_heard(r->polls + CONN, e) < 0 || (clock_ms() >= r->measure_ms && measure(r, e) < 0))
        return -1;
    return limits(r, e);
}

static int wait_for_end(struct run *r, struct err *e)
{
    int status = 0;

    while (!r->polls[EXITED].revents)
        if (turn(r, e) < 0)
            return -1;
    waitpid(r->pid, &status, 0);
    r->pid = -1;
    /* What it left in the pipe: a pipe's room at most, and nothing where a process of its own still holds the end. */
    for (int i = 0; i < LEFT_PIECES && r->polls[OUTPUT].fd >= 0; i++)
        if (take_output(r, e) < 0)
            return -1;
    drain(r, &r->polls[ERRORS], &r->end->errors);
    r->end->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return measure(r, e);
}

int process_run(const struct process *p, struct process_end *end, struct conn *conn, struct err *e)
{
    int64_t now = clock_ms();
    struct run r = {p,
                    end,
                    conn,
                    .pid = -1,
                    .started_ms = now,
                    .heard_ms = now,
                    .told_ms = now,
                    .measure_ms = now + TURN_MS,
                    .size = folder_size(p->folder)};
    int done;

    for (int i = 0; i < CONN; i++)
        r.polls[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    conn_watch(conn, r.polls + CONN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    done = start(&r, e) < 0 ? -1 : wait_for_end(&r, e);
    if (r.pid > 0)
        kill_all(r.pid);
    for (int i = 0; i < CONN; i++)
        if (r.polls[i].fd >= 0)
            close(r.polls[i].fd);
    return done;
}
