/* The cgroup of a container, v1 or v2. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/cgroup.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define PATH_ROOM 512
#define NS_PER_US 1000

/* How a file of a hierarchy says what has been used. */
struct hierarchy {
    const char *mount, *file;
    const char *word; /* before the number; "" where the file is the number */
    int per_us;
};

static const struct hierarchy hierarchies[] = {
    {"", "cpu.stat", "usage_usec ", 1},               /* v2 (cgroup-v2.rst) */
    {"cpuacct/", "cpuacct.usage", "", NS_PER_US},     /* v1 (cgroup-v1/cpuacct.rst) */
    {"cpu,cpuacct/", "cpuacct.usage", "", NS_PER_US}, /* v1 as systemd mounts it */
};

/* Docker with the cgroupfs driver, with the systemd driver, Podman. */
static const char *const places[] = {"docker/%s", "system.slice/docker-%s.scope", "machine.slice/libpod-%s.scope"};

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

int64_t cgroup_cpu_us(const char *root, const char *engine_id)
{
    for (size_t h = 0; h < sizeof hierarchies / sizeof *hierarchies; h++)
        for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
            char place[PATH_ROOM / 2], path[PATH_ROOM];
            int64_t used;

            snprintf(place, sizeof place, places[p], engine_id);
            snprintf(path, sizeof path, "%s/%s%s/%s", root, hierarchies[h].mount, place, hierarchies[h].file);
            used = read_usage(&hierarchies[h], path);
            if (used >= 0)
                return used;
        }
    return -1;
}
