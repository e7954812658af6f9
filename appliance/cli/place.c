/* The folder, the lock, the listeners and the settings of an appliance that runs in the foreground. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/place.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask_daemon.h"
#include "cli/cell.h"
#include "cli/cli.h"

static int make_folder(const char *path, mode_t mode, struct err *e)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return err_set_errno(e, ERR_SYSTEM, "making the folder %s", path);
    if (chmod(path, mode) < 0)
        return err_set_errno(e, ERR_SYSTEM, "setting the mode of %s", path);
    return 0;
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)where;
    if ((type == FTW_DP ? rmdir(path) : unlink(path)) < 0)
        perror(path); /* goes on with the rest */
    return 0;
}

void place_remove(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* "key = value" lines as the configuration has them; comments and keys that are not ours are passed over. */
static void read_setting(struct place *p, char *line)
{
    struct slice rest = slice_of(line), key = slice_trim(slice_cut(&rest, '=')), value = slice_trim(rest);
    const struct {
        const char *name;
        char *to;
        size_t room;
    } wanted[] = {
        {"portal_listen", p->portal_listen, sizeof p->portal_listen},
        {"sessions_listen", p->sessions_listen, sizeof p->sessions_listen},
        {"gateway_user", p->gateway_user, sizeof p->gateway_user},
        {"fetch_uid", p->fetch_uid, sizeof p->fetch_uid},
        {"fetch_memory_limit", p->fetch_memory, sizeof p->fetch_memory},
        {"fetch_process_limit", p->fetch_processes, sizeof p->fetch_processes},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (slice_is(key, wanted[i].name))
            str_copy(wanted[i].to, wanted[i].room, value.at);
}

static int read_settings(struct place *p, struct err *e)
{
    pid_t pid;
    cleanup_file FILE *answer = ask_daemon(&pid, "--show-config", p->config, e);
    cleanup_free char *line = NULL;
    size_t room = 0;
    int status;

    if (!answer)
        return -1;
    while (getline(&line, &room, answer) > 0) {
        line[strcspn(line, "\n")] = '\0';
        read_setting(p, line);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return err_set(e, ERR_MALFORMED, "the configuration cannot be used: the line above says where and why");
    return 0;
}

static int take_lock(struct place *p, struct err *e)
{
    cleanup_free char *path = mem_format("%s/lock", p->dir);
    char holder[16] = "";

    p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (p->lock < 0)
        return err_set_errno(e, ERR_SYSTEM, "opening %s", path);
    if (flock(p->lock, LOCK_EX | LOCK_NB) < 0) {
        if (read(p->lock, holder, sizeof holder - 1) < 0)
            holder[0] = '\0';
        return err_set(e, ERR_UP_HELD, "process %s holds %s: stop it, or give this one another folder with --dir",
                       holder, path);
    }
    if (ftruncate(p->lock, 0) < 0 || dprintf(p->lock, "%d", (int)getpid()) < 0)
        return err_set_errno(e, ERR_SYSTEM, "writing %s", path);
    return 0;
}

struct place_socket {
    const char *name;
    size_t offset; /* of its descriptor in struct place */
    int type;
    bool gateway; /* its group may connect */
};

static const struct place_socket place_sockets[] = {
    {"portal.sock", offsetof(struct place, portal_unix), SOCK_STREAM, true},
    {"control.sock", offsetof(struct place, control), SOCK_SEQPACKET, true},
    {"admin.sock", offsetof(struct place, admin), SOCK_STREAM, false},
    {"door.sock", offsetof(struct place, door), SOCK_STREAM, false},
    {"fetch.sock", offsetof(struct place, fetch), SOCK_STREAM, false},
};

static int *socket_of(struct place *p, const struct place_socket *row)
{
    return (int *)(void *)((char *)p + row->offset);
}

static int listen_unix(struct place *p, const struct place_socket *row, gid_t group, struct err *e)
{
    cleanup_free char *path = mem_format("%s/run/%s", p->dir, row->name);

    if (fd_listen_unix(socket_of(p, row), path, row->type | SOCK_NONBLOCK, row->gateway ? 0660 : 0600, e) < 0)
        return -1;
    if (row->gateway && chown(path, 0, group) < 0)
        return err_set_errno(e, ERR_SYSTEM, "giving %s to the gateway's group", path);
    return 0;
}

static int make_listeners(struct place *p, struct err *e)
{
    const struct passwd *gateway = getpwnam(p->gateway_user);

    if (!gateway)
        return err_set(e, ERR_SYSTEM, "there is no user %s: make it from systemd/ringbinder.sysusers", p->gateway_user);
    for (size_t i = 0; i < sizeof place_sockets / sizeof place_sockets[0]; i++)
        if (listen_unix(p, &place_sockets[i], gateway->pw_gid, e) < 0)
            return -1;
    if (fd_listen_tcp(&p->portal, p->portal_listen, e) < 0)
        return -1;
    return fd_listen_tcp(&p->sessions, p->sessions_listen, e);
}

/* What fetch processes of an earlier life left behind goes first. */
static int make_folders(struct place *p, struct err *e)
{
    cleanup_free char *run = mem_format("%s/run", p->dir);
    cleanup_free char *fetch = mem_format("%s/fetch", p->dir);

    cell_sweep(CELL_ROOT);
    place_remove(fetch);
    if (make_folder(run, 0755, e) < 0)
        return -1;
    return make_folder(fetch, 0711, e);
}

int place_open(struct place *p, const char *dir, const char *config, struct err *e)
{
    *p = (struct place){.dir = dir, .config = config, .lock = -1, .portal = -1, .sessions = -1};
    for (size_t i = 0; i < sizeof place_sockets / sizeof place_sockets[0]; i++)
        *socket_of(p, &place_sockets[i]) = -1;
    if (fd_want(e) < 0 || read_settings(p, e) < 0 || make_folder(dir, 0755, e) < 0 || take_lock(p, e) < 0)
        return -1;
    return make_folders(p, e) < 0 ? -1 : make_listeners(p, e);
}

void place_close(struct place *p)
{
    const int tcp[] = {p->portal, p->sessions, p->lock};

    for (size_t i = 0; i < sizeof place_sockets / sizeof place_sockets[0]; i++) {
        cleanup_free char *path = mem_format("%s/run/%s", p->dir, place_sockets[i].name);
        int fd = *socket_of(p, &place_sockets[i]);

        if (fd < 0)
            continue;
        close(fd);
        unlink(path);
    }
    for (size_t i = 0; i < sizeof tcp / sizeof tcp[0]; i++)
        if (tcp[i] >= 0)
            close(tcp[i]);
}

char *place_fetch_folder(const struct place *p, struct err *e)
{
    cleanup_free char *path = mem_format("%s/fetch/XXXXXX", p->dir);
    uint64_t uid = 0;

    if (!mkdtemp(path)) {
        err_set_errno(e, ERR_SYSTEM, "making a folder in %s/fetch", p->dir);
        return NULL;
    }
    if (!str_number(&uid, slice_of(p->fetch_uid), UINT32_MAX - 1) || chown(path, (uid_t)uid, (gid_t)uid) < 0) {
        err_set_errno(e, ERR_SYSTEM, "giving %s to user %s", path, p->fetch_uid);
        rmdir(path);
        return NULL;
    }
    return STEAL(path);
}
