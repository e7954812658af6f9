/* A process for each connection to fetch.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/fetchers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/place.h"
#include "cli/spawn.h"

/* What of our environment a fetch sees: how to reach the network, and nothing else. */
static const char *const handed_on[] = {"PATH",         "TZ",          "http_proxy", "https_proxy",    "no_proxy",
                                        "HTTP_PROXY",   "HTTPS_PROXY", "NO_PROXY",   "GIT_SSL_CAINFO", "CURL_CA_BUNDLE",
                                        "SSL_CERT_FILE"};
#define HANDED_ON (sizeof handed_on / sizeof handed_on[0])

struct environment {
    char *values[HANDED_ON + 2]; /* owned, ends with NULL */
};

static void environment_make(struct environment *env, const char *folder)
{
    size_t count = 0;

    env->values[count++] = mem_format("RB_FETCH_DIR=%s", folder);
    for (size_t i = 0; i < HANDED_ON; i++)
        if (getenv(handed_on[i]))
            env->values[count++] = mem_format("%s=%s", handed_on[i], getenv(handed_on[i]));
    env->values[count] = NULL;
}

static void environment_free(struct environment *env)
{
    for (size_t i = 0; env->values[i]; i++)
        free(env->values[i]);
}

static struct fetcher *free_place(struct fetchers *f)
{
    for (size_t i = 0; i < FETCHERS_MAX; i++)
        if (!f->all[i].pid)
            return &f->all[i];
    return NULL;
}

bool fetchers_full(const struct fetchers *f)
{
    for (size_t i = 0; i < FETCHERS_MAX; i++)
        if (!f->all[i].pid)
            return false;
    return true;
}

/* A machine without cgroups fetches all the same, and says once that nothing but time and size bounds it. */
static void fetcher_bound(struct fetchers *f, struct fetcher *one, const struct place *p, const char *folder)
{
    const struct cell_limits limits = {p->fetch_memory, p->fetch_processes};
    cleanup_free char *name = mem_format("%d-%s", (int)getpid(), strrchr(folder, '/') + 1);
    struct err e;

    if (cell_make(&one->cell, CELL_ROOT, name, &limits, &e) == 0 || f->told)
        return;
    f->told = true;
    log_err(LOG_WARNING, &e, "fetches have no cgroup");
}

static int fetcher_start(struct fetchers *f, struct fetcher *one, const struct place *p, int connection, struct err *e)
{
    CLEANUP(environment_free) struct environment env = {0};
    cleanup_free char *program = cli_program("ringbinder-fetch");
    cleanup_free char *folder = place_fetch_folder(p, e);
    struct spawn spawn = {.program = program, .user = p->fetch_uid, .cell = &one->cell, .input = connection};

    if (!folder)
        return -1;
    fetcher_bound(f, one, p, folder);
    environment_make(&env, folder);
    spawn.environment = (const char *const *)env.values;
    if (spawn_start(&one->pid, &spawn, e) < 0) {
        cell_end(&one->cell);
        place_remove(folder);
        return -1;
    }
    one->folder = STEAL(folder);
    return 0;
}

void fetchers_accept(struct fetchers *f, const struct place *p)
{
    cleanup_close int connection = accept4(p->fetch, NULL, NULL, SOCK_CLOEXEC);
    struct fetcher *one = free_place(f);
    struct err e;

    if (connection < 0 || !one)
        return;
    if (fetcher_start(f, one, p, connection, &e) < 0) {
        one->pid = 0;
        log_err(LOG_ERR, &e, "starting a fetch; the daemon sees its connection close");
        return;
    }
    one->connection = connection;
    connection = -1;
}

void fetchers_poll(const struct fetchers *f, struct pollfd fds[FETCHERS_MAX])
{
    for (size_t i = 0; i < FETCHERS_MAX; i++)
        fds[i] = (struct pollfd){.fd = f->all[i].pid ? f->all[i].connection : -1, .events = POLLRDHUP};
}

static void hang_up(struct fetcher *one)
{
    if (one->connection >= 0)
        close(one->connection);
    one->connection = -1;
}

/* Its group is what it was started as; the cell has it all, wherever it may have gone. */
static void fetcher_kill(const struct fetcher *one)
{
    kill(-one->pid, SIGKILL);
    kill(one->pid, SIGKILL);
    cell_kill(&one->cell);
}

/* A fetch whose daemon has hung up has nothing more to do; one that was taken over may want to keep its place. */
int fetchers_turn(struct fetchers *f, const struct pollfd fds[FETCHERS_MAX])
{
    int64_t now = clock_ms(), wait = -1;

    for (size_t i = 0; i < FETCHERS_MAX; i++) {
        struct fetcher *one = &f->all[i];

        if (one->pid && fds[i].fd >= 0 && fds[i].revents) {
            hang_up(one);
            one->kill_at = now + FETCHERS_STAY_MS;
        }
        if (!one->pid || !one->kill_at)
            continue;
        if (one->kill_at <= now)
            fetcher_kill(one);
        else if (wait < 0 || one->kill_at - now < wait)
            wait = one->kill_at - now;
    }
    return (int)wait;
}

static void fetcher_forget(struct fetcher *one)
{
    kill(-one->pid, SIGKILL); /* git processes that it left behind are of its group */
    cell_end(&one->cell);
    hang_up(one); /* the daemon sees its end */
    place_remove(one->folder);
    free(one->folder);
    *one = (struct fetcher){0};
}

bool fetchers_ended(struct fetchers *f, pid_t pid)
{
    for (size_t i = 0; i < FETCHERS_MAX; i++)
        if (f->all[i].pid == pid) {
            fetcher_forget(&f->all[i]);
            return true;
        }
    return false;
}

void fetchers_stop(struct fetchers *f)
{
    for (size_t i = 0; i < FETCHERS_MAX; i++) {
        struct fetcher *one = &f->all[i];

        if (!one->pid)
            continue;
        fetcher_kill(one);
        waitpid(one->pid, NULL, 0);
        fetcher_forget(one);
    }
}
