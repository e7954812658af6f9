/* The cgroup of one fetch: memory and processes of all that it starts, and the end of all of it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define PARENT "ringbinder-fetch"
#define ROUNDS 100 /* of waiting for processes that were killed */
#define ROUND_NS 2000000

static const char *const hierarchies[] = {"", "memory/", "pids/"}; /* v2's one, v1's two */

/* 0, or -1 with errno. */
static int put(const char *folder, const char *file, const char *text)
{
    cleanup_free char *path = mem_format("%s/%s", folder, file);
    cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

static bool is_there(const char *folder, const char *file)
{
    cleanup_free char *path = mem_format("%s/%s", folder, file);

    return access(path, F_OK) == 0;
}

static bool is_unified(const char *root)
{
    return is_there(root, "cgroup.controllers");
}

/* One that must be there; the second of a pair may be lacking, where the kernel counts no swap. */
static int limit(const char *folder, const char *file, const char *value, struct err *e)
{
    return put(folder, file, value) == 0 ? 0 : err_set_errno(e, ERR_FETCH_UNBOUNDED, "%s/%s", folder, file);
}

static int limit_memory(const char *folder, const char *value, struct err *e)
{
    if (is_there(folder, "memory.max")) {
        if (is_there(folder, "memory.swap.max") && limit(folder, "memory.swap.max", "0", e) < 0)
            return -1;
        return limit(folder, "memory.max", value, e);
    }
    if (limit(folder, "memory.limit_in_bytes", value, e) < 0)
        return -1;
    return is_there(folder, "memory.memsw.limit_in_bytes") ? limit(folder, "memory.memsw.limit_in_bytes", value, e) : 0;
}

/* The folder that cells are made in; v2 hands controllers down only where it is told to (cgroup-v2.rst). */
static int make_parent(const char *root, const char *hierarchy, struct err *e)
{
    cleanup_free char *parent = mem_format("%s/%s" PARENT, root, hierarchy);

    if (mkdir(parent, 0755) < 0 && errno != EEXIST)
        return err_set_errno(e, ERR_FETCH_UNBOUNDED, "%s", parent);
    if (!is_unified(root))
        return 0;
    /* The root's is systemd's, which has handed these two down already. */
    if (put(root, "cgroup.subtree_control", "+memory +pids") < 0 && !is_there(parent, "memory.max"))
        return err_set_errno(e, ERR_FETCH_UNBOUNDED, "%s/cgroup.subtree_control", root);
    return limit(parent, "cgroup.subtree_control", "+memory +pids", e);
}

static int make_folder(struct cell *c, const char *root, const char *hierarchy, const char *name, struct err *e)
{
    cleanup_free char *folder = mem_format("%s/%s" PARENT "/%s", root, hierarchy, name);

    if (make_parent(root, hierarchy, e) < 0)
        return -1;
    if (mkdir(folder, 0755) < 0)
        return err_set_errno(e, ERR_FETCH_UNBOUNDED, "%s", folder);
    c->folders[c->folders[0] ? 1 : 0] = STEAL(folder);
    return 0;
}

static int make(struct cell *c, const char *root, const char *name, const struct cell_limits *limits, struct err *e)
{
    const char *pids;

    if (is_unified(root)) {
        if (make_folder(c, root, "", name, e) < 0)
            return -1;
    } else if (make_folder(c, root, "memory/", name, e) < 0 || make_folder(c, root, "pids/", name, e) < 0) {
        return -1;
    }
    pids = c->folders[1] ? c->folders[1] : c->folders[0];
    return limit_memory(c->folders[0], limits->memory, e) < 0 ? -1 : limit(pids, "pids.max", limits->processes, e);
}

int cell_make(struct cell *out, const char *root, const char *name, const struct cell_limits *limits, struct err *e)
{
    *out = (struct cell){0};
    if (make(out, root, name, limits, e) == 0)
        return 0;
    cell_end(out);
    return -1;
}

int cell_enter(const struct cell *c)
{
    for (char *const *folder = c->folders; *folder; folder++)
        if (put(*folder, "cgroup.procs", "0") < 0)
            return -1;
    return 0;
}

void cell_kill(const struct cell *c)
{
    for (char *const *folder = c->folders; *folder; folder++) {
        if (put(*folder, "cgroup.kill", "1") == 0) /* Linux 5.14, v2 */
            continue;
        if (is_there(*folder, "pids.max"))
            put(*folder, "pids.max", "0"); /* who forks while the list is read forks no more */
        cgroup_kill_listed(*folder);
    }
}

void cell_end(struct cell *c)
{
    for (char **folder = c->folders; *folder; folder++) {
        for (int i = 0; rmdir(*folder) < 0 && errno == EBUSY && i < ROUNDS; i++) {
            cell_kill(c);
            nanosleep(&(struct timespec){0, ROUND_NS}, NULL);
        }
        free(STEAL(*folder));
    }
}

static bool runs(const char *name)
{
    return kill((pid_t)atoi(name), 0) == 0 || errno != ESRCH;
}

void cell_sweep(const char *root)
{
    for (size_t i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++) {
        cleanup_free char *parent = mem_format("%s/%s" PARENT, root, hierarchies[i]);
        cleanup_dir DIR *dir = opendir(parent);

        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            struct cell left = {0};

            if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || runs(entry->d_name))
                continue;
            left.folders[0] = mem_format("%s/%s", parent, entry->d_name);
            cell_end(&left);
        }
    }
}
