/* ringbinder up: the supervisor of gateway, daemon and fetch, in the foreground. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "cli/fetchers.h"
#include "cli/place.h"
#include "cli/ready.h"
#include "cli/spawn.h"

#define RESTART_MS 1000 /* decisions 8: doubling */
#define RESTART_MAX_MS 30000
#define STEADY_MS 30000 /* who ran this long starts again at once-a-second */
#define STOP_MS 10000   /* for each program to end by itself */

/* A program that is kept running. */
struct kept {
    const char *name;
    int (*start)(struct kept *k, const struct place *p, struct err *e);
    pid_t pid; /* 0: not running */
    int64_t started, start_at;
    int delay_ms;
};

enum { KEPT_DAEMON, KEPT_GATEWAY, KEPT_ALL };

struct up {
    struct place place;
    struct kept kept[KEPT_ALL];
    struct fetchers fetchers;
    struct ready ready;
    int signals;
    bool stopping;
};

static int start_daemon(struct kept *k, const struct place *p, struct err *e)
{
    cleanup_free char *program = cli_program("ringbinderd");
    const struct spawn spawn = {
        .program = program,
        .arguments = {"--dir", p->dir, p->config ? "--config" : NULL, p->config},
        .fds = {{"portal", p->portal_unix}, {"admin", p->admin}, {"control", p->control}},
        .input = -1,
    };

    return spawn_start(&k->pid, &spawn, e);
}

static int start_gateway(struct kept *k, const struct place *p, struct err *e)
{
    cleanup_free char *program = cli_program("ringbinder-gateway");
    cleanup_free char *control = mem_format("%s/run/control.sock", p->dir);
    cleanup_free char *portal = mem_format("%s/run/portal.sock", p->dir);
    const struct spawn spawn = {
        .program = program,
        .arguments = {"--control", control, "--portal", portal},
        .user = p->gateway_user,
        .fds = {{"portal", p->portal}, {"sessions", p->sessions}, {"door", p->door}},
        .input = -1,
    };

    return spawn_start(&k->pid, &spawn, e);
}

static void kept_start(struct kept *k, const struct place *p)
{
    struct err e;

    k->started = clock_ms();
    if (k->start(k, p, &e) < 0) {
        log_err(LOG_ERR, &e, "starting %s; it is tried again in %d ms", k->name, k->delay_ms);
        k->pid = 0;
        k->start_at = k->started + k->delay_ms;
    }
}

static void kept_ended(struct kept *k, int status)
{
    int64_t now = clock_ms();

    if (now - k->started >= STEADY_MS)
        k->delay_ms = RESTART_MS;
    log_line(LOG_ERR, ERR_UP_CHILD, "%s ended by %s %d; it starts again in %d ms", k->name,
             WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
             k->delay_ms);
    k->pid = 0;
    k->start_at = now + k->delay_ms;
    k->delay_ms = k->delay_ms * 2 < RESTART_MAX_MS ? k->delay_ms * 2 : RESTART_MAX_MS;
}

/* Who has ended; nobody is left a zombie. */
static void reap(struct up *u)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (fetchers_ended(&u->fetchers, pid))
            continue;
        if (pid == u->ready.pid) {
            ready_ended(&u->ready, status, &u->place);
            continue;
        }
        for (struct kept *k = u->kept; k < u->kept + KEPT_ALL; k++)
            if (pid == k->pid) {
                if (u->stopping)
                    k->pid = 0;
                else
                    kept_ended(k, status);
            }
    }
}

/* Starts what is due; returns how long to wait for the next, in ms, -1: until something happens. */
static int start_due(struct up *u)
{
    int64_t now = clock_ms(), wait = -1;

    for (struct kept *k = u->kept; k < u->kept + KEPT_ALL; k++) {
        if (!k->pid && k->start_at <= now)
            kept_start(k, &u->place);
        if (!k->pid && (wait < 0 || k->start_at - now < wait))
            wait = k->start_at > now ? k->start_at - now : 0;
    }
    return (int)wait;
}

static void take_signal(struct up *u)
{
    struct signalfd_siginfo told;

    while (read(u->signals, &told, sizeof told) == (ssize_t)sizeof told)
        if (told.ssi_signo == SIGINT || told.ssi_signo == SIGTERM)
            u->stopping = true;
    reap(u);
}

/* Of two waits, -1: for ever. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void run(struct up *u)
{
    int wait = start_due(u);

    while (!u->stopping) {
        struct pollfd fds[2 + FETCHERS_MAX] = {
            {.fd = u->signals, .events = POLLIN},
            /* At the limit connections wait in the kernel's queue. */
            {.fd = fetchers_full(&u->fetchers) ? -1 : u->place.fetch, .events = POLLIN},
        };

        fetchers_poll(&u->fetchers, fds + 2);
        if (poll(fds, 2 + FETCHERS_MAX, wait) < 0 && errno != EINTR)
            break;
        wait = fetchers_turn(&u->fetchers, fds + 2);
        if (fds[0].revents)
            take_signal(u);
        if (fds[1].revents)
            fetchers_accept(&u->fetchers, &u->place);
        wait = sooner(wait, start_due(u));
    }
}

/* Asks a program to end and waits; who does not is killed. */
static void stop(struct up *u, struct kept *k)
{
    int64_t limit = clock_ms() + STOP_MS;

    if (k->pid)
        kill(k->pid, SIGTERM);
    while (k->pid) {
        struct pollfd fd = {.fd = u->signals, .events = POLLIN};
        int64_t left = limit - clock_ms();

        if (left <= 0) {
            kill(k->pid, SIGKILL);
            left = STOP_MS;
        }
        if (poll(&fd, 1, (int)left) > 0)
            take_signal(u);
    }
}

/* With the daemon gone, one last process of it takes the containers away (decisions 8). */
static int end_containers(const struct place *p)
{
    cleanup_free char *program = cli_program("ringbinderd");
    const struct spawn spawn = {
        .program = program,
        .arguments = {"--end-containers", "--dir", p->dir, p->config ? "--config" : NULL, p->config},
        .input = -1,
    };
    struct err e;
    pid_t pid;
    int status;

    if (spawn_start(&pid, &spawn, &e) < 0) {
        log_err(LOG_ERR, &e, "ending the containers");
        return 1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status == 0 ? 0 : 1;
}

static void hold_signals(struct up *u)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    signal(SIGPIPE, SIG_IGN);
    u->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct up_arguments {
    const char *dir, *config;
};

static error_t take_argument(int key, char *value, struct argp_state *state)
{
    struct up_arguments *a = state->input;

    if (key == 'd')
        a->dir = value;
    else if (key == 'c')
        a->config = value;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

int cli_up(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dir", 'd', "DIR", 0, "Keep state and sockets here (" CLI_DIR ")"},
        {"config", 'c', "FILE", 0,
         "Read this configuration instead of " CONFIG_FILE "; without any it is a working trial"},
        {0},
    };
    static const struct argp argp = {options, take_argument, NULL,
                                     "Runs gateway, daemon and fetch in the foreground, without systemd.\v"
                                     "Ctrl-C ends everything, visitors' containers included."};
    struct up_arguments arguments = {.dir = CLI_DIR, .config = config_usual()};
    struct up u = {
        .kept = {[KEPT_DAEMON] = {.name = "ringbinderd", .start = start_daemon, .delay_ms = RESTART_MS},
                 [KEPT_GATEWAY] = {.name = "ringbinder-gateway", .start = start_gateway, .delay_ms = RESTART_MS}},
    };
    struct err e;
    int result;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (geteuid() != 0) {
        fputs("ringbinder up: it starts programs as other users, so run it as root\n", stderr);
        return 1;
    }
    hold_signals(&u);
    if (place_open(&u.place, arguments.dir, arguments.config, &e) < 0) {
        fprintf(stderr, "ringbinder up: %s\n", e.text);
        place_close(&u.place);
        return 1;
    }
    ready_start(&u.ready, &u.place);
    run(&u);
    ready_stop(&u.ready);
    stop(&u, &u.kept[KEPT_DAEMON]);
    fetchers_stop(&u.fetchers);
    result = end_containers(&u.place);
    stop(&u, &u.kept[KEPT_GATEWAY]);
    place_close(&u.place);
    return result;
}
