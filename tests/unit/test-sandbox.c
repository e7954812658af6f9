/* What code that has taken a fetch over can still do: tried by a child that is locked in as a fetch is. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char top[] = "/tmp/rb-test-sandbox-XXXXXX", own[64], outside[64], bundle[64];
static bool confined;
static bool scopes; /* Landlock ABI 6, Linux 6.12: Debian 12's kernel is older (sandbox.h) */

static bool can_read(const char *path)
{
    int fd = open(path, O_RDONLY);

    return fd >= 0 && close(fd) == 0;
}

static bool can_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    return fd >= 0 && close(fd) == 0;
}

static bool runs(const char *command)
{
    return system(command) == 0;
}

/* Bound by the parent, before the child is locked in. */
static struct sockaddr_un abstract(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "%s", top);
    return name;
}

static int listen_abstract(void)
{
    struct sockaddr_un name = abstract();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    return bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

static bool can_connect(void)
{
    struct sockaddr_un name = abstract();

    return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name) == 0;
}

static void files(void)
{
    char path[80];

    ok(!can_read(outside), "a file outside is not read");
    ok(!can_write(outside), "nor written");
    snprintf(path, sizeof path, "%s/new", top);
    ok(!can_write(path), "none is made beside the folder");
    ok(!can_read("/etc/passwd") && !can_read("/etc/shadow") && !can_read("/var/run/docker.sock"),
       "no file of the system");
    ok(access("/root", R_OK) < 0 || open("/root", O_RDONLY) < 0, "no list of a folder's names");
    ok(rename(outside, own) < 0 && unlink(outside) < 0, "nothing outside is moved or removed");
    snprintf(path, sizeof path, "%s/link", own);
    ok(symlink(outside, path) == 0 && !can_read(path), "a link leads nowhere");
    snprintf(path, sizeof path, "%s/new", own);
    ok(can_write(path) && can_read(path), "the folder is its own");
    ok(can_read(bundle), "the bundle of certificates is read");
    ok(!can_write(bundle), "and not written");
    ok(can_read("/etc/hosts") && can_write("/dev/null"), "what names need is read");
}

static void calls(void)
{
    pid_t parent = getppid();

    ok(unshare(CLONE_NEWUSER) < 0 && errno == EPERM, "no namespace of users");
    ok(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0 && errno == EPERM, "by no other way");
    ok(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM, "no program for the kernel");
    ok(syscall(SYS_keyctl, 0, 0, 0, 0, 0) < 0 && errno == EPERM, "no keys");
    ok(ptrace(PTRACE_ATTACH, parent, NULL, NULL) < 0 && errno == EPERM, "nobody is traced");
    if (scopes) {
        ok(kill(parent, 0) < 0 && errno == EPERM, "nobody outside gets a signal");
        ok(!can_connect(), "no socket without a path is connected to");
    }
    ok(runs("GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git --version >/dev/null"), "git runs");
    ok(!runs("cat /etc/passwd >/dev/null 2>&1"), "and is locked in, too");
}

static int child(void)
{
    struct err e;

    if (!ok(sandbox_enter(&confined, own, bundle, &e) == 0, "a process locks itself in")) {
        printf("# %s\n", e.text);
        return 1;
    }
    ok(confined, "this kernel has Landlock: without it, the rest proves nothing");
    files();
    calls();
    return tap_end();
}

static void make(char *path, const char *name, bool folder)
{
    snprintf(path, 64, "%s/%s", top, name);
    if (folder ? mkdir(path, 0700) < 0 : !can_write(path))
        abort();
}

int main(void)
{
    char clean[128];
    int status = 0, listener;

    scopes = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 6;
    if (!mkdtemp(top))
        abort();
    make(own, "own", true);
    make(outside, "outside", false);
    make(bundle, "bundle", false);
    listener = listen_abstract();
    /* The tests run in the child, and so does their count. */
    if (fork() == 0)
        exit(child());
    wait(&status);
    close(listener);
    snprintf(clean, sizeof clean, "rm -rf %s", top);
    return runs(clean) && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
