/* A folder of the machine as a place to look into; the kernel keeps its links inside (openat2(2)). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/source.h"

#define NAMES_MAX TREE_ENTRIES_MAX

static int open_inside(void *of, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, *(int *)of, *path ? path : ".", &how, sizeof how);
}

static enum source_kind kind(void *of, const char *path)
{
    cleanup_close int fd = open_inside(of, path, O_PATH);
    struct stat what;

    if (fd < 0 || fstat(fd, &what) < 0)
        return SOURCE_NOTHING;
    return S_ISDIR(what.st_mode) ? SOURCE_FOLDER : S_ISREG(what.st_mode) ? SOURCE_FILE : SOURCE_NOTHING;
}

static int list(void *of, const char *folder, struct describe_names *out, struct err *e)
{
    cleanup_close int fd = open_inside(of, folder, O_RDONLY | O_DIRECTORY);
    cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        return err_set_errno(e, ERR_FETCH_FAILED, "reading the folder /%s", folder);
    steal_fd(&fd);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;

        if (str_is(name, ".") || str_is(name, "..") || str_is(name, ".git"))
            continue;
        if (out->n == NAMES_MAX)
            return err_set(e, ERR_FETCH_TREE, "the folder /%s has more than %d files", folder, NAMES_MAX);
        describe_name(out, mem_string(name));
    }
    return 0;
}

static int read_text(void *of, const char *path, struct buf *out, struct err *e)
{
    cleanup_close int fd = open_inside(of, path, O_RDONLY | O_NONBLOCK);
    char bytes[65536];
    ssize_t got = 0;

    if (fd < 0)
        return err_set_errno(e, ERR_FETCH_FAILED, "reading %s", path);
    while (!out->full && (got = read(fd, bytes, sizeof bytes)) > 0)
        buf_add(out, bytes, (size_t)got);
    return got < 0 ? err_set_errno(e, ERR_FETCH_FAILED, "reading %s", path) : 0;
}

struct source source_folder(int *folder)
{
    return (struct source){folder, list, kind, read_text};
}
