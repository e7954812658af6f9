/* The cgroups of containers and of build steps, v1 or v2. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

#define SLICE_MAX 4096 /* bytes of a path of slices */
#define NS_PER_US 1000

/* How a file of a hierarchy says what has been used. */
struct hierarchy {
    const char *mount, *file;
    const char *word; /* before the number; "" where the file is the number */
    int per_us;       /* the unit of what is wanted */
};

static const struct hierarchy cpu_hierarchies[] = {
    {"", "cpu.stat", "usage_usec ", 1},               /* v2 (cgroup-v2.rst) */
    {"cpuacct/", "cpuacct.usage", "", NS_PER_US},     /* v1 (cgroup-v1/cpuacct.rst) */
    {"cpu,cpuacct/", "cpuacct.usage", "", NS_PER_US}, /* v1 as systemd mounts it */
    {0},
};

static const struct hierarchy memory_hierarchies[] = {
    {"", "memory.current", "", 1},               /* v2 */
    {"memory/", "memory.usage_in_bytes", "", 1}, /* v1 (cgroup-v1/memory.rst) */
    {0},
};

static const struct hierarchy process_hierarchies[] = {
    {"", "cgroup.procs", "", 1}, /* its first line */
    {"cpuacct/", "cgroup.procs", "", 1},
    {"cpu,cpuacct/", "cgroup.procs", "", 1},
    {0},
};

/* Where a container is below an engine's parent: Docker with the cgroupfs driver, with the systemd driver, Podman. */
static const struct {
    const char *parent; /* an engine's own */
    const char *format; /* of the parent and the container's id */
} places[] = {{"docker", "%s/%s"}, {"system.slice", "%s/docker-%s.scope"}, {"machine.slice", "%s/libpod-%s.scope"}};

char *cgroup_slice(const char *name)
{
    cleanup_buf struct buf path = BUF_OF(SLICE_MAX);

    if (!str_ends(name, ".slice"))
        return mem_string(name);
    for (const char *dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
        buf_add(&path, name, (size_t)(dash - name));
        buf_add_text(&path, ".slice/");
    }
    buf_add_text(&path, name);
    return buf_steal(&path);
}

/* At most `room` - 1 bytes and a NUL; false when it cannot be read. A cgroup's files do not block. */
static bool read_file(char *to, size_t room, const char *path)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, to, room - 1);

    if (got < 0)
        return false;
    to[got] = '\0';
    return true;
}

static int64_t read_usage(const struct hierarchy *h, const char *path)
{
    char text[1024];
    const char *at;
    struct slice digits;
    uint64_t number;

    if (!read_file(text, sizeof text, path))
        return -1;
    at = strstr(text, h->word);
    if (!at)
        return -1;
    digits = (struct slice){at + strlen(h->word), 0};
    while (isdigit((unsigned char)digits.at[digits.len]))
        digits.len++;
    return str_number(&number, digits, INT64_MAX) ? (int64_t)number / h->per_us : -1;
}

static int64_t number_of(const struct hierarchy *rows, const struct cgroup_place *where, const char *engine_id)
{
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        cleanup_free char *parent = cgroup_slice(where->parent ? where->parent : places[p].parent);
        cleanup_free char *place = mem_format(places[p].format, parent, engine_id);

        for (const struct hierarchy *h = rows; h->file; h++) {
            cleanup_free char *path = mem_format("%s/%s%s/%s", where->root, h->mount, place, h->file);
            int64_t used = read_usage(h, path);

            if (used >= 0)
                return used;
        }
    }
    return -1;
}

int64_t cgroup_cpu_us(const struct cgroup_place *where, const char *engine_id)
{
    return number_of(cpu_hierarchies, where, engine_id);
}

int64_t cgroup_memory(const struct cgroup_place *where, const char *engine_id)
{
    return number_of(memory_hierarchies, where, engine_id);
}

int cgroup_process(const struct cgroup_place *where, const char *engine_id)
{
    int64_t process = number_of(process_hierarchies, where, engine_id);

    return process > 0 && process <= INT_MAX ? (int)process : -1;
}

/* ---- limits of build steps ---- */

char *cgroup_above(const char *file)
{
    static const char head[] = "0::/";
    char text[SLICE_MAX];
    char *begin, *last;

    if (!read_file(text, sizeof text, file) || !str_starts(text, head))
        return NULL;
    begin = text + strlen(head);
    begin[strcspn(begin, "\n")] = '\0';
    last = strrchr(begin, '/');
    return last ? mem_copy(begin, (size_t)(last - begin)) : NULL;
}

static bool is_there(const char *root, const char *name)
{
    cleanup_free char *path = mem_format("%s/%s", root, name);

    return access(path, F_OK) == 0;
}

int cgroup_folders(char *out[CGROUP_FOLDERS_MAX], const char *root, const char *name, struct err *e)
{
    static const char *const v1[CGROUP_FOLDERS_MAX] = {"memory", "pids"};

    if (is_there(root, "cgroup.controllers")) {
        out[0] = mem_format("%s/%s", root, name);
        return 1;
    }
    for (size_t i = 0; i < CGROUP_FOLDERS_MAX; i++)
        if (!is_there(root, v1[i]))
            return err_set(e, ERR_ENGINE_NO_LIMITS, "there is no %s/%s on this machine", root, v1[i]);
    for (size_t i = 0; i < CGROUP_FOLDERS_MAX; i++)
        out[i] = mem_format("%s/%s/%s", root, v1[i], name);
    return CGROUP_FOLDERS_MAX;
}

int cgroup_make(const char *folder, struct err *e)
{
    cleanup_free char *path = mem_string(folder);

    for (char *at = path + 1;; at++) {
        char was = *at;

        if (was && was != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return err_set_errno(e, ERR_ENGINE_NO_LIMITS, "making the cgroup %s", path);
        *at = was;
        if (!was)
            return 0;
    }
}

/* Somebody else's that is lower; two appliances may take the same step for theirs. */
static bool is_lower(int fd, int64_t number)
{
    char text[32];
    ssize_t got = pread(fd, text, sizeof text, 0);
    uint64_t there;

    return got > 1 && str_number(&there, (struct slice){text, (size_t)got - 1}, UINT64_MAX) &&
           there <= (uint64_t)number;
}

/* 0: written, or there is no such file here; else errno. */
static int write_number(const char *folder, const char *file, int64_t number)
{
    cleanup_free char *path = mem_format("%s/%s", folder, file);
    cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
    char text[32];
    int len = snprintf(text, sizeof text, "%lld", (long long)number);

    if (fd >= 0 && is_lower(fd, number))
        return 0;
    if (fd < 0)
        return errno == ENOENT && access(folder, F_OK) == 0 ? 0 : errno;
    return write(fd, text, (size_t)len) == len ? 0 : errno;
}

/* v1's swap is counted with the memory, and its limit may not be below that of the memory; v2's is counted alone. */
int cgroup_limit(const char *folder, const struct cgroup_limits *limits, struct err *e)
{
    const struct {
        const char *file;
        bool wanted;
        int64_t number;
    } files[] = {
        {"memory.limit_in_bytes", limits->memory_bytes > 0, limits->memory_bytes},
        {"memory.memsw.limit_in_bytes", limits->memory_bytes > 0, limits->memory_bytes},
        {"memory.max", limits->memory_bytes > 0, limits->memory_bytes},
        {"memory.swap.max", limits->memory_bytes > 0, 0},
        {"pids.max", limits->processes > 0, limits->processes},
    };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int failed = files[i].wanted ? write_number(folder, files[i].file, files[i].number) : 0;

        if (failed == EBUSY) {
            /* Whoever is forked meanwhile has as much memory: the limit that is written next ends it. */
            cgroup_kill_listed(folder);
            failed = write_number(folder, files[i].file, files[i].number);
        }
        if (failed) {
            errno = failed;
            return err_set_errno(e, ERR_ENGINE_NO_LIMITS, "%s/%s", folder, files[i].file);
        }
    }
    return 0;
}
