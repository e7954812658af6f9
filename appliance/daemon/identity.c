/* Who this appliance is: two small files in the state folder. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

#define TEXT_MAX 80

/* 1: read whole, 0: there is no such file, -1: an error. */
static int read_text(char text[TEXT_MAX], const char *path, struct err *e)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len;

    if (fd < 0)
        return errno == ENOENT ? 0 : err_set_errno(e, ERR_SYSTEM, "opening %s", path);
    len = read(fd, text, TEXT_MAX - 1);
    if (len < 0)
        return err_set_errno(e, ERR_SYSTEM, "reading %s", path);
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return 1;
}

/* Under another name first: a machine that stops in between leaves the whole file or none. */
static int write_text(const char *path, const char *text, struct err *e)
{
    cleanup_free char *new_path = mem_format("%s.new", path);
    cleanup_close int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || dprintf(fd, "%s\n", text) < 0 || fsync(fd) < 0)
        return err_set_errno(e, ERR_SYSTEM, "writing %s", new_path);
    if (rename(new_path, path) < 0)
        return err_set_errno(e, ERR_SYSTEM, "renaming %s", new_path);
    return 0;
}

/* `len` bytes kept as hex digits in DIR/name. */
static int load_bytes(uint8_t *out, size_t len, const char *path, struct err *e)
{
    char text[TEXT_MAX];
    int found = read_text(text, path, e);

    if (found < 0)
        return -1;
    if (found && !str_unhex(out, len, slice_of(text)))
        return err_set(e, ERR_IDENTITY_BROKEN, "%s does not hold %zu hex digits", path, 2 * len);
    if (found)
        return 0;
    if (getrandom(out, len, 0) != (ssize_t)len)
        return err_set_errno(e, ERR_SYSTEM, "asking the kernel for random bytes");
    str_hex(text, out, len);
    return write_text(path, text, e);
}

int identity_load(struct identity *out, const char *dir, struct err *e)
{
    cleanup_free char *instance = mem_format("%s/instance", dir);
    cleanup_free char *secret = mem_format("%s/secret", dir);
    uint8_t bytes[4];

    if (load_bytes(bytes, sizeof bytes, instance, e) < 0)
        return -1;
    str_hex(out->instance, bytes, sizeof bytes);
    return load_bytes(out->secret, sizeof out->secret, secret, e);
}
