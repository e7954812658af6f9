/* Descriptors: unix sockets, inherited listeners, who is at the other end. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

#define FIRST_INHERITED 3 /* SD_LISTEN_FDS_START */
#define INHERITED_MAX 16

static int unix_address(struct sockaddr_un *out, const char *path, struct err *e)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!str_copy(out->sun_path, sizeof out->sun_path, path))
        return err_set(e, ERR_SYSTEM, "the path of a socket has at most %zu bytes: %s", sizeof out->sun_path - 1, path);
    return 0;
}

/* A socket, and the address of `path`. The caller closes it. */
static int unix_socket(int *out, struct sockaddr_un *address, const char *path, int type, struct err *e)
{
    if (unix_address(address, path, e) < 0)
        return -1;
    *out = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    return *out < 0 ? err_set_errno(e, ERR_SYSTEM, "socket") : 0;
}

int fd_listen_unix(int *out, const char *path, int type, mode_t mode, struct err *e)
{
    cleanup_close int fd = -1;
    struct sockaddr_un address;

    if (unix_socket(&fd, &address, path, type, e) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return err_set_errno(e, ERR_SYSTEM, "removing the old %s", path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return err_set_errno(e, ERR_SYSTEM, "binding %s", path);
    if (chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
        return err_set_errno(e, ERR_SYSTEM, "listening on %s", path);
    *out = steal_fd(&fd);
    return 0;
}

int fd_connect_unix(int *out, const char *path, int type, struct err *e)
{
    cleanup_close int fd = -1;
    struct sockaddr_un address;

    if (unix_socket(&fd, &address, path, type, e) < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return err_set_errno(e, ERR_SYSTEM, "connecting to %s", path);
    *out = steal_fd(&fd);
    return 0;
}

/* Cuts "[::1]:8585" into host and port in place. */
static int split_address(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');

    if (!colon || colon == text)
        return -1;
    *colon = '\0';
    *port = colon + 1;
    *host = text;
    if (text[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = text + 1;
    }
    return 0;
}

int fd_address(struct sockaddr_storage *out, socklen_t *len, const char *text, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    cleanup_free char *copy = mem_string(text);
    struct addrinfo *found;
    uint64_t number;
    char *host, *port;

    /* getaddrinfo(3) itself would take a port modulo 65536. */
    if (split_address(copy, &host, &port) < 0 || !str_number(&number, slice_of(port), UINT16_MAX) ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return err_set(e, ERR_MALFORMED, "%.190s is no address with a port, such as 127.0.0.1:8585", text);
    *len = found->ai_addrlen;
    *out = (struct sockaddr_storage){0};
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

static int listen_on(int *out, const struct sockaddr_storage *where, socklen_t len)
{
    cleanup_close int fd = socket(where->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)where, len) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    *out = steal_fd(&fd);
    return 0;
}

int fd_listen_tcp(int *out, const char *address, struct err *e)
{
    struct sockaddr_storage where;
    socklen_t len;

    if (fd_address(&where, &len, address, e) < 0)
        return -1;
    return listen_on(out, &where, len) < 0 ? err_set_errno(e, ERR_SYSTEM, "listening on %s", address) : 0;
}

static uint64_t environment_number(const char *name, uint64_t max)
{
    const char *text = getenv(name);
    uint64_t value = 0;

    return text && str_number(&value, slice_of(text), max) ? value : 0;
}

int fd_inherited(const char *name)
{
    const char *names = getenv("LISTEN_FDNAMES");
    uint64_t count = environment_number("LISTEN_FDS", INHERITED_MAX);
    struct slice rest;

    if (!names || environment_number("LISTEN_PID", UINT32_MAX) != (uint64_t)getpid())
        return -1;
    rest = slice_of(names);
    for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + (int)count; fd++) {
        struct err ignored;

        if (!slice_is(slice_cut(&rest, ':'), name))
            continue;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        return fd_set_nonblocking(fd, &ignored) < 0 ? -1 : fd;
    }
    return -1;
}

static int ask_peer(struct ucred *out, int fd, struct err *e)
{
    socklen_t len = sizeof *out;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &len) < 0
               ? err_set_errno(e, ERR_SYSTEM, "asking who is at the other end")
               : 0;
}

int fd_peer_user(uid_t *out, int fd, struct err *e)
{
    struct ucred peer;

    if (ask_peer(&peer, fd, e) < 0)
        return -1;
    *out = peer.uid;
    return 0;
}

int fd_peer_process(pid_t *out, int fd, struct err *e)
{
    struct ucred peer;

    if (ask_peer(&peer, fd, e) < 0)
        return -1;
    *out = peer.pid;
    return 0;
}

int fd_set_nonblocking(int fd, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return err_set_errno(e, ERR_SYSTEM, "making a descriptor non-blocking");
    return 0;
}

int fd_want(struct err *e)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return err_set_errno(e, ERR_SYSTEM, "reading the limit of open files");
    if (files.rlim_max < FD_WANTED)
        return err_set(e, ERR_FILES_FEW,
                       "only %llu files may be open here, and %d are needed: raise ulimit -Hn, or LimitNOFILE",
                       (unsigned long long)files.rlim_max, FD_WANTED);
    if (files.rlim_cur >= FD_WANTED)
        return 0;
    files.rlim_cur = FD_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return err_set_errno(e, ERR_SYSTEM, "raising the limit of open files");
    return 0;
}
