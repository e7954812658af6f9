/* The files under /static/, read once. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/site.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

struct site {
    size_t count;
    struct site_file files[SITE_FILES_MAX];
};

static const struct {
    const char *end, *type;
} types[] = {
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".html", "text/html; charset=UTF-8"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_ends(name, types[i].end))
            return types[i].type;
    return NULL;
}

static int read_file(struct site_file *file, int folder, struct err *e)
{
    cleanup_close int fd = openat(folder, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cleanup_buf struct buf bytes = BUF_OF(SITE_FILE_BYTES);
    struct stat is;

    if (fd < 0 || fstat(fd, &is) < 0)
        return err_set_errno(e, ERR_API_WEB, "%s", file->name);
    if (!S_ISREG(is.st_mode))
        return err_set(e, ERR_API_WEB, "%s is not a file", file->name);
    for (;;) {
        char part[4096];
        ssize_t len = read(fd, part, sizeof part);

        if (len < 0)
            return err_set_errno(e, ERR_API_WEB, "%s", file->name);
        if (len == 0)
            break;
        if (!buf_add(&bytes, part, (size_t)len))
            return err_set(e, ERR_API_WEB, "%s has more than %d bytes", file->name, SITE_FILE_BYTES);
    }
    file->len = bytes.len;
    file->bytes = buf_steal(&bytes);
    return 0;
}

static int read_folder(struct site *s, DIR *folder, struct err *e)
{
    struct dirent *entry;

    while ((entry = readdir(folder))) {
        struct site_file *file = &s->files[s->count];
        const char *type = type_of(entry->d_name);

        if (!type || entry->d_name[0] == '.')
            continue;
        if (s->count == SITE_FILES_MAX)
            return err_set(e, ERR_API_WEB, "more than %d files", SITE_FILES_MAX);
        *file = (struct site_file){.name = mem_string(entry->d_name), .type = type};
        s->count++;
        if (read_file(file, dirfd(folder), e) < 0)
            return -1;
    }
    return 0;
}

int site_new(struct site **out, const char *path, struct err *e)
{
    cleanup_dir DIR *folder = opendir(path);

    *out = NULL;
    if (!folder)
        return err_set_errno(e, ERR_API_WEB, "%s", path);
    *out = mem_zero(1, sizeof **out);
    if (read_folder(*out, folder, e) == 0)
        return 0;
    site_free(out);
    return err_wrap(e, "%s", path);
}

void site_free(struct site **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < (*s)->count; i++) {
        free((*s)->files[i].name);
        free((*s)->files[i].bytes);
    }
    free(STEAL(*s));
}

const struct site_file *site_find(const struct site *s, struct slice name)
{
    for (size_t i = 0; i < s->count; i++)
        if (slice_is(name, s->files[i].name))
            return &s->files[i];
    return NULL;
}
