/* What holds a fetch's processes: tried on the machine's own cgroups, so as root. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/cell.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define MEGABYTE ((size_t)1 << 20)

static const struct cell_limits limits = {"64M", "16"};
static struct cell cell;

/* What `run` in a cell ends with, as wait(2) has it. */
static int in_cell(void (*run)(void))
{
    int status = -1;

    if (fork() == 0) {
        if (cell_enter(&cell) < 0)
            _exit(99);
        run();
        _exit(0);
    }
    wait(&status);
    return status;
}

static void nothing(void)
{
}

static void eat(void)
{
    char *bytes = mmap(NULL, 256 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < 256 * MEGABYTE; i += 4096)
        bytes[i] = 1;
}

/* Exits with how many processes there could be, each in a session of its own and asleep. */
static void multiply(void)
{
    int count = 0;
    pid_t pid;

    while (count < 100 && (pid = fork()) >= 0) {
        if (pid == 0) {
            setsid();
            for (;;)
                pause();
        }
        count++;
    }
    _exit(count);
}

static int count_listed(void)
{
    char path[300], line[32];
    int count = 0;
    FILE *list;

    snprintf(path, sizeof path, "%s/cgroup.procs", cell.folders[0]);
    list = fopen(path, "r");
    while (list && fgets(line, sizeof line, list))
        count++;
    if (list)
        fclose(list);
    return count;
}

static bool is_gone(const char *folder)
{
    struct stat about;

    return stat(folder, &about) < 0;
}

static void limits_hold(void)
{
    int status;

    is_number(in_cell(nothing), 0, "a process goes in and ends");
    status = in_cell(eat);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "who takes more memory is killed");
    status = in_cell(multiply);
    is_number(WEXITSTATUS(status), 15, "there are as many processes as allowed");
    is_number(count_listed(), 15, "which outlive the first");
}

int main(void)
{
    char name[32], folder[300];
    struct err e;

    snprintf(name, sizeof name, "%d-test", (int)getpid());
    if (!ok(cell_make(&cell, CELL_ROOT, name, &limits, &e) == 0, "a cell is made"))
        printf("# %s\n", e.text);
    if (!cell.folders[0])
        return tap_end();
    snprintf(folder, sizeof folder, "%s", cell.folders[0]);
    limits_hold();
    cell_sweep(CELL_ROOT);
    ok(!is_gone(folder), "it is not swept while who made it runs");
    cell_end(&cell);
    ok(is_gone(folder) && !cell.folders[0], "its end is the end of all of them");

    ok(cell_make(&cell, CELL_ROOT, "999999999-dead", &limits, &e) == 0, "one of a process that is no more");
    snprintf(folder, sizeof folder, "%s", cell.folders[0]);
    in_cell(multiply);
    cell_sweep(CELL_ROOT);
    ok(is_gone(folder), "is swept, with what is in it");
    for (char **left = cell.folders; *left; left++)
        free(*left);

    ok(cell_make(&cell, "/nonexistent", name, &limits, &e) < 0 && e.code == ERR_FETCH_UNBOUNDED && !cell.folders[0],
       "a machine without cgroups is an error that says so");
    return tap_end();
}
