/* The TCP ports on which a container listens, as /proc shows them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ports.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/cgroup.h"
#include "engine/known.h"

#define TABLE_MAX 65536 /* bytes of a table that are read: some 400 sockets */
#define LISTENS "0A"    /* TCP_LISTEN, as proc(5) writes it */
#define RESOLVER "0B00007F"

/* Addresses are words in this machine's order: little-endian on all that Debian's Docker runs on. */
static bool is_everywhere(const char *address)
{
    return strspn(address, "0") == strlen(address) ||
           (!str_ends(address, "7F") && !str_is(address, "00000000000000000000000001000000"));
}

static void add(struct engine_port out[ENGINE_PORTS_MAX], int *count, const struct engine_port *port)
{
    for (int i = 0; i < *count; i++)
        if (out[i].number == port->number) {
            out[i].everywhere |= port->everywhere;
            return;
        }
    if (*count < ENGINE_PORTS_MAX)
        out[(*count)++] = *port;
}

void ports_read(struct engine_port out[ENGINE_PORTS_MAX], int *count, const char *text)
{
    struct slice rest = slice_of(text);

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');
        char row[160], address[33], state[3];
        struct engine_port port;
        unsigned number;

        snprintf(row, sizeof row, "%.*s", (int)(line.len < 150 ? line.len : 150), line.at);
        if (sscanf(row, " %*d: %32[0-9A-F]:%4X %*[0-9A-F:] %2[0-9A-F]", address, &number, state) != 3)
            continue;
        if (!str_is(state, LISTENS) || str_is(address, RESOLVER))
            continue;
        port = (struct engine_port){(int)number, is_everywhere(address)};
        add(out, count, &port);
    }
}

/* False when there is no such table: a machine without IPv6 has no tcp6. */
static bool read_table(struct engine_port out[ENGINE_PORTS_MAX], int *count, const char *path)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    cleanup_free char *text = mem_zero(1, TABLE_MAX + 1);
    size_t len = 0;

    if (fd < 0)
        return false;
    while (len < TABLE_MAX) {
        ssize_t got = read(fd, text + len, TABLE_MAX - len);

        if (got <= 0)
            break;
        len += (size_t)got;
    }
    ports_read(out, count, text);
    return true;
}

int engine_container_ports(const struct engine *en, const struct id *row, struct engine_port out[ENGINE_PORTS_MAX])
{
    const char *engine_id = known_find(en, row);
    int process = engine_id ? cgroup_process(&(struct cgroup_place){CGROUP_ROOT, en->cgroup_parent}, engine_id) : -1,
        count = 0;
    char path[64];

    if (process <= 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%d/net/tcp", process);
    if (!read_table(out, &count, path))
        return -1;
    snprintf(path, sizeof path, "/proc/%d/net/tcp6", process);
    read_table(out, &count, path);
    return count;
}
