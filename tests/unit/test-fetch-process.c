/* What ends a child of ringbinder-fetch, and that nothing of it is left. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/folder.h"
#include "fetch/process.h"
#include "tap.h"

#define LONG_MS 20000

static struct conn nobody = {.socket = -1, .signals = -1};
static const char *const environment[] = {"PATH=/usr/bin:/bin", "GREETING=hello", NULL};

/* A script in a folder of its own; the limits are those of *p, or long ones where they are 0. */
static int run(struct process p, const char *script, struct process_end *end, struct err *e)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    cleanup_folder char *folder = NULL;
    int done = folder_make(&folder, e);

    *end = (struct process_end){.output = BUF_OF(100), .errors = BUF_OF(100)};
    p.argv = argv;
    p.environment = environment;
    p.folder = folder;
    p.size_max = p.size_max ? p.size_max : 1 << 20;
    p.limit_ms = p.limit_ms ? p.limit_ms : LONG_MS;
    p.silence_ms = p.silence_ms ? p.silence_ms : LONG_MS;
    return done < 0 ? -1 : process_run(&p, end, &nobody, e);
}

/* Also what the child started: they are our children once it is gone. */
static bool nothing_left(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void ends_by_itself(void)
{
    CLEANUP(process_end_free) struct process_end end;
    struct err e;

    is_number(run((struct process){0}, "echo $GREETING $HOME; echo no >&2; exit 3", &end, &e), 0, "a child that ends");
    is_number(end.code, 3, "with its exit code");
    is(buf_text(&end.output), "hello\n", "its output, its own environment and no other");
    is(buf_text(&end.errors), "no\n", "and its complaints");
    ok(nothing_left(), "leaves nothing");
}

static void says_much(void)
{
    CLEANUP(process_end_free) struct process_end end;
    struct err e;

    run((struct process){0}, "yes | head -c 3000000; yes | head -c 3000000 >&2", &end, &e);
    is_number((long long)end.output.len, 100, "of much output the beginning is kept");
    is_number((long long)end.errors.len, 100, "and of many complaints");
    is_number(end.code, 0, "without stopping the child");
}

static void is_killed(void)
{
    CLEANUP(process_end_free) struct process_end end;
    struct err e;

    run((struct process){0}, "kill -TERM $$", &end, &e);
    is_number(end.code, 128 + SIGTERM, "a child that a signal ends has 128 and its number");
}

static void is_stopped(const char *what, struct process limits, const char *script, enum err_code code)
{
    CLEANUP(process_end_free) struct process_end end;
    int64_t before = clock_ms();
    struct err e = {0};

    ok(run(limits, script, &end, &e) < 0 && e.code == code, "%s: %s", what, e.text);
    ok(clock_ms() - before < LONG_MS / 2, "soon");
    ok(nothing_left(), "with all that it started");
}

static void is_cancelled(void)
{
    CLEANUP(process_end_free) struct process_end end = {.output = BUF_OF(1), .errors = BUF_OF(1)};
    const char *const argv[] = {"sh", "-c", "sleep 60 & sleep 60", NULL};
    cleanup_folder char *folder = NULL;
    CLEANUP(conn_close) struct conn conn;
    struct process p = {argv, environment, NULL, 1 << 20, LONG_MS, LONG_MS};
    struct err e;
    int ends[2];

    if (!ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && folder_make(&folder, &e) == 0 &&
                conn_open(&conn, ends[0], &e) == 0,
            "a daemon"))
        return;
    p.folder = folder;
    close(ends[1]);
    ok(process_run(&p, &end, &conn, &e) < 0 && e.code == ERR_FETCH_CANCELLED, "that has gone ends the child");
    ok(nothing_left(), "with all that it started");
    close(ends[0]);
}

int main(void)
{
    ends_by_itself();
    says_much();
    is_killed();
    is_stopped("a child over its time", (struct process){.limit_ms = 300}, "while :; do echo x; sleep 0.05; done",
               ERR_DEADLINE);
    is_stopped("a silent child", (struct process){.silence_ms = 300}, "sleep 60 & sleep 60", ERR_DEADLINE);
    is_stopped("a child whose own child holds its output", (struct process){.limit_ms = 300},
               "setsid sleep 60 & (setsid sleep 60 &) ; sleep 60", ERR_DEADLINE);
    is_stopped("a child that fills its folder", (struct process){.size_max = 1 << 16},
               "while :; do head -c 20000 /dev/zero >> a; cp a b; sleep 0.02; done", ERR_TOO_LARGE);
    is_stopped("a child that fills it and ends", (struct process){.size_max = 1 << 16}, "head -c 100000 /dev/zero > a",
               ERR_TOO_LARGE);
    is_cancelled();
    return tap_end();
}
