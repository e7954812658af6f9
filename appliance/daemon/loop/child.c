/* A child process: started, read, held to its limit, reaped; all without waiting. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"

#define READ_SIZE 16384
/* What is read after the end, in case somebody outside its process group still writes. */
#define LAST_READS 64

/* One of its outputs. */
struct tap {
    struct loop_fd *watched;
    int fd;
    struct buf *to;
};

struct child {
    struct op op;
    struct loop *loop;
    struct child_result *out; /* NULL: cancelled, it is only reaped */
    struct done done;
    struct loop_timer *limit; /* or the error of the start, for the next turn */
    struct loop_fd *watched;  /* of pidfd */
    struct tap output, complaints;
    int pidfd;
    pid_t pid;
    struct err failed; /* code ERR_NONE: it ended by itself */
};

static void tap_close(struct tap *t)
{
    loop_fd_remove(&t->watched);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/* False at the end, or when there is nothing now. */
static bool tap_read(struct tap *t)
{
    char bytes[READ_SIZE];
    ssize_t got = read(t->fd, bytes, sizeof bytes);
    size_t room = t->to->limit - t->to->len;

    if (got < 0)
        return errno == EINTR;
    if (got == 0) {
        tap_close(t);
        return false;
    }
    buf_add(t->to, bytes, (size_t)got < room ? (size_t)got : room);
    return true;
}

static void tap_ready(void *arg, unsigned events)
{
    tap_read(arg);
}

static void tap_finish(struct tap *t)
{
    for (int i = 0; i < LAST_READS && t->fd >= 0 && tap_read(t); i++)
        ;
    tap_close(t);
}

static void child_free(struct child *c)
{
    loop_timer_cancel(&c->limit);
    loop_fd_remove(&c->watched);
    tap_close(&c->output);
    tap_close(&c->complaints);
    if (c->pidfd >= 0)
        close(c->pidfd);
    free(c);
}

static void child_finish(struct child *c)
{
    struct done done = c->done;
    struct err e = c->failed;

    child_free(c);
    done_call(done, e.code == ERR_NONE ? NULL : &e);
}

/* It has ended, but is not reaped: its number and its group's are still its own. */
static void child_ended(void *arg, unsigned events)
{
    struct child *c = arg;
    int status = 0;

    kill(-c->pid, SIGKILL); /* what it left running in its group */
    if (waitpid(c->pid, &status, 0) < 0)
        err_set_errno(&c->failed, ERR_SYSTEM, "waiting for a child");
    if (!c->out) {
        child_free(c);
        return;
    }
    tap_finish(&c->output);
    tap_finish(&c->complaints);
    c->out->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    child_finish(c);
}

static void child_over_limit(void *arg)
{
    struct child *c = arg;

    c->limit = NULL;
    err_set(&c->failed, ERR_DEADLINE, "a child process took longer than its limit");
    kill(-c->pid, SIGKILL);
}

static void child_failed(void *arg)
{
    struct child *c = arg;

    c->limit = NULL;
    child_finish(c);
}

/* Killed now, reaped when the kernel is done with it: a process in a system call can take a while to die. */
static void child_cancel(struct op *op)
{
    struct child *c = container_of(op, struct child, op);

    if (c->pid <= 0) {
        child_free(c);
        return;
    }
    c->out = NULL;
    loop_timer_cancel(&c->limit);
    tap_close(&c->output);
    tap_close(&c->complaints);
    kill(-c->pid, SIGKILL);
}

/* Input is a file in memory: nothing has to be written while it runs. */
static int open_input(int *out, const char *input, struct err *e)
{
    cleanup_close int fd = input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t len = input ? strlen(input) : 0;

    if (fd < 0)
        return err_set_errno(e, ERR_SYSTEM, "opening a child's input");
    for (size_t at = 0; at < len;) {
        ssize_t wrote = write(fd, input + at, len - at);

        if (wrote < 0)
            return err_set_errno(e, ERR_SYSTEM, "writing a child's input");
        at += (size_t)wrote;
    }
    if (len && lseek(fd, 0, SEEK_SET) < 0)
        return err_set_errno(e, ERR_SYSTEM, "rewinding a child's input");
    *out = steal_fd(&fd);
    return 0;
}

/* The reading end stays here and does not block; the writing end is the child's. */
static int open_output(struct tap *t, int *child_end, struct err *e)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(e, ERR_SYSTEM, "opening a child's output");
    t->fd = ends[0];
    *child_end = ends[1];
    return fd_set_nonblocking(t->fd, e);
}

/* A group of its own; none of our signals blocked or ignored. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
}

static int spawn(struct child *c, const struct child_spec *spec, const int ends[3], struct err *e)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result;

    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, ends[i], i);
    result = posix_spawn(&c->pid, spec->argv[0], &actions, &attributes, (char *const *)spec->argv,
                         spec->environment ? (char *const *)spec->environment : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (result != 0) {
        c->pid = 0;
        return err_set(e, ERR_SYSTEM, "starting %s: %s", spec->argv[0], strerror(result));
    }
    return 0;
}

static int child_start(struct child *c, const struct child_spec *spec, struct err *e)
{
    cleanup_close int input = -1, output = -1, complaints = -1;

    if (open_input(&input, spec->input, e) < 0 || open_output(&c->output, &output, e) < 0 ||
        open_output(&c->complaints, &complaints, e) < 0)
        return -1;
    if (spawn(c, spec, (const int[]){input, output, complaints}, e) < 0)
        return -1;
    c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0); /* close-on-exec by itself */
    if (c->pidfd >= 0)
        return 0;
    err_set_errno(e, ERR_SYSTEM, "watching %s", spec->argv[0]);
    kill(-c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    c->pid = 0;
    return -1;
}

struct op *child_run(struct loop *loop, const struct child_spec *spec, struct child_result *out, struct done done)
{
    struct child *c = mem_zero(1, sizeof *c);

    *c = (struct child){.op = {child_cancel}, .loop = loop, .out = out, .done = done, .pidfd = -1};
    c->output = (struct tap){.fd = -1, .to = &out->output};
    c->complaints = (struct tap){.fd = -1, .to = &out->complaints};
    if (child_start(c, spec, &c->failed) < 0) {
        c->limit = loop_timer_new(loop, 0, child_failed, c);
        return &c->op;
    }
    c->watched = loop_fd_new(loop, c->pidfd, LOOP_READ, child_ended, c);
    c->output.watched = loop_fd_new(loop, c->output.fd, LOOP_READ, tap_ready, &c->output);
    c->complaints.watched = loop_fd_new(loop, c->complaints.fd, LOOP_READ, tap_ready, &c->complaints);
    c->limit = loop_timer_new(loop, spec->limit_ms, child_over_limit, c);
    return &c->op;
}
