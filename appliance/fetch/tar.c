/* A tar that goes to the daemon while it is made, the same for the same calls. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/cleanup.h"
#include "base/mem.h"

struct tar {
    struct archive *archive;
    struct archive_entry *entry;
    struct conn *conn;
    struct err why; /* why nothing is sent any more */
};

/* libarchive is never told of a failure: it would give up its writer without freeing it. What it still makes goes
 * nowhere, and the call that made it has the error. */
static la_ssize_t send_bytes(struct archive *a, void *arg, const void *bytes, size_t len)
{
    struct tar *t = arg;

    for (size_t sent = 0; sent < len && !t->why.code;) {
        size_t now = len - sent < WIRE_FETCH_PAYLOAD_MAX ? len - sent : WIRE_FETCH_PAYLOAD_MAX;
        struct wire_fetch_message m = {.kind = WIRE_FETCH_BYTES, .bytes = {(const char *)bytes + sent, now}};

        if (conn_send(t->conn, &m, &t->why) < 0)
            break;
        sent += now;
    }
    return (la_ssize_t)len;
}

/* A warning is about names that are no UTF-8: they are written as they are, which is what is wanted. */
static int check(struct tar *t, int result, struct err *e)
{
    if (t->why.code) {
        *e = t->why;
        return -1;
    }
    return result >= ARCHIVE_WARN ? 0 : err_set(e, ERR_SYSTEM, "writing a tar: %s", archive_error_string(t->archive));
}

int tar_begin(struct tar **out, struct conn *conn, struct err *e)
{
    cleanup_tar struct tar *t = mem_zero(1, sizeof *t);

    t->conn = conn;
    t->archive = archive_write_new();
    t->entry = archive_entry_new();
    if (!t->archive || !t->entry)
        return err_set(e, ERR_SYSTEM, "libarchive has no memory");
    archive_write_set_bytes_per_block(t->archive, WIRE_FETCH_PAYLOAD_MAX);
    archive_write_set_bytes_in_last_block(t->archive, 1);
    if (check(t, archive_write_set_format_pax_restricted(t->archive), e) < 0 ||
        check(t, archive_write_open(t->archive, t, NULL, send_bytes, NULL), e) < 0)
        return -1;
    *out = STEAL(t);
    return 0;
}

static int head(struct tar *t, const char *path, mode_t type, mode_t mode, struct err *e)
{
    archive_entry_set_pathname(t->entry, path);
    archive_entry_set_filetype(t->entry, type);
    archive_entry_set_perm(t->entry, mode);
    archive_entry_set_mtime(t->entry, 0, 0);
    return check(t, archive_write_header(t->archive, t->entry), e);
}

int tar_folder(struct tar *t, const char *path, struct err *e)
{
    archive_entry_clear(t->entry);
    return head(t, path, AE_IFDIR, 0755, e);
}

int tar_link(struct tar *t, const char *path, const char *target, struct err *e)
{
    archive_entry_clear(t->entry);
    archive_entry_set_symlink(t->entry, target);
    return head(t, path, AE_IFLNK, 0777, e);
}

int tar_file(struct tar *t, const char *path, uint64_t size, bool program, struct err *e)
{
    archive_entry_clear(t->entry);
    archive_entry_set_size(t->entry, (la_int64_t)size);
    return head(t, path, AE_IFREG, program ? 0755 : 0644, e);
}

int tar_bytes(struct tar *t, const void *bytes, size_t len, struct err *e)
{
    la_ssize_t written = len ? archive_write_data(t->archive, bytes, len) : 0;

    return check(t, written < 0 ? ARCHIVE_FATAL : ARCHIVE_OK, e);
}

int tar_finish(struct tar *t, struct err *e)
{
    if (check(t, archive_write_close(t->archive), e) < 0)
        return -1;
    return conn_send(t->conn, &(struct wire_fetch_message){.kind = WIRE_FETCH_BYTES}, e);
}

void tar_free(struct tar **tar)
{
    struct tar *t = STEAL(*tar);

    if (!t)
        return;
    err_set(&t->why, ERR_FETCH_CANCELLED, "freed"); /* freeing completes the archive: that is not sent */
    archive_entry_free(t->entry);
    archive_write_free(t->archive);
    free(t);
}
