/* The log of a build: a file of encoded events, appended to and read at offsets. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define READ_MAX (256 << 10) /* bytes at a time */

struct build_log {
    int held, fd;
    char *path;
    uint64_t size; /* bytes written: whole lines */
    bool ended, full, kept;
    struct list watchers;
};

/* A daemon that died may have left half a line. */
static int cut_half_line(struct build_log *log, struct err *e)
{
    char tail[BUILD_LOG_LINE_MAX];
    size_t want = log->size < sizeof tail ? log->size : sizeof tail;
    ssize_t got = pread(log->fd, tail, want, (off_t)(log->size - want));
    const char *end = got > 0 ? memrchr(tail, '\n', (size_t)got) : NULL;

    if (got < 0)
        return err_set_errno(e, ERR_SYSTEM, "%s", log->path);
    log->size = end ? log->size - want + (uint64_t)(end - tail) + 1 : 0;
    if (ftruncate(log->fd, (off_t)log->size) < 0)
        return err_set_errno(e, ERR_SYSTEM, "%s", log->path);
    return 0;
}

int build_log_open(struct build_log **out, const char *path, struct err *e)
{
    struct build_log *log = mem_zero(1, sizeof *log);
    struct stat st;

    log->held = 1;
    log->path = mem_string(path);
    list_init(&log->watchers);
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->fd < 0 || fstat(log->fd, &st) < 0) {
        err_set_errno(e, ERR_SYSTEM, "%s", path);
        build_log_release(&log);
        return -1;
    }
    log->size = (uint64_t)st.st_size;
    if (cut_half_line(log, e) < 0) {
        build_log_release(&log);
        return -1;
    }
    *out = log;
    return 0;
}

struct build_log *build_log_hold(struct build_log *log)
{
    log->held++;
    return log;
}

void build_log_release(struct build_log **at)
{
    struct build_log *log = STEAL(*at);

    if (!log || --log->held)
        return;
    if (log->fd >= 0) {
        close(log->fd);
        if (!log->kept)
            unlink(log->path);
    }
    free(log->path);
    free(log);
}

/* A client names its cursor, so it may be anywhere; 0 bytes of a line are ever handed out without its beginning. */
static uint64_t line_begin(const struct build_log *log, uint64_t cursor)
{
    char bytes[BUILD_LOG_LINE_MAX];
    ssize_t got;
    const char *end;

    if (!cursor || cursor >= log->size)
        return cursor;
    got = pread(log->fd, bytes, 1, (off_t)cursor - 1);
    if (got == 1 && bytes[0] == '\n')
        return cursor;
    got = pread(log->fd, bytes, sizeof bytes, (off_t)cursor);
    end = got > 0 ? memchr(bytes, '\n', (size_t)got) : NULL;
    return end ? cursor + (uint64_t)(end - bytes) + 1 : log->size;
}

bool build_log_read(struct build_log *log, uint64_t *cursor, struct buf *out)
{
    size_t room = out->limit - out->len < READ_MAX ? out->limit - out->len : READ_MAX;
    uint64_t from = line_begin(log, *cursor), unread = from < log->size ? log->size - from : 0;
    size_t want = unread < room ? (size_t)unread : room;
    char *to = want ? buf_reserve(out, want) : NULL;
    ssize_t got = to ? pread(log->fd, to, want, (off_t)from) : 0;
    const char *end = got > 0 ? memrchr(to, '\n', (size_t)got) : NULL;

    if (!end)
        return false;
    buf_added(out, (size_t)(end - to) + 1);
    *cursor = from + (uint64_t)(end - to) + 1;
    return true;
}

bool build_log_ended(const struct build_log *log)
{
    return log->ended;
}

void build_log_watch(struct build_log *log, struct watch *w)
{
    watch_begin(&log->watchers, w);
}

bool build_log_watched(const struct build_log *log)
{
    return !list_empty(&log->watchers);
}

static void append(struct build_log *log, const struct buf *line)
{
    ssize_t wrote = write(log->fd, line->bytes, line->len);

    if (wrote == (ssize_t)line->len) {
        log->size += line->len;
        return;
    }
    log_line(LOG_WARNING, ERR_SYSTEM, "the log %s ends here: %m", log->path);
    log->full = true;
    if (wrote > 0 && ftruncate(log->fd, (off_t)log->size) < 0)
        log_line(LOG_WARNING, ERR_SYSTEM, "%s: %m", log->path);
}

static void encode(struct buf *out, const char *phase, const char *text, size_t len)
{
    buf_add_format(out, "{\"phase\":\"%s\",\"message\":", phase);
    json_add_string(out, text, len);
    out->len--; /* the closing quote goes behind the newline */
    buf_add_text(out, "\\n\"}\n");
}

void build_log_line(struct build_log *log, const char *phase, const char *text, size_t len)
{
    static const char sentence[] = "This log is longer than 16 MiB; what follows is not kept.";
    cleanup_buf struct buf line = BUF_OF(BUILD_LOG_LINE_MAX);

    if (log->full || log->ended)
        return;
    encode(&line, phase, text, len);
    if (line.full) { /* 8 KiB of control characters at six bytes each fit; a text that does not is no line of ours */
        log_line(LOG_WARNING, ERR_TOO_LARGE, "a line of %zu bytes was left out of a build's log", len);
        return;
    }
    if (log->size + line.len > BUILD_LOG_MAX - 256) {
        buf_clear(&line);
        encode(&line, phase, sentence, sizeof sentence - 1);
        append(log, &line);
        log->full = true;
    } else {
        append(log, &line);
    }
    watch_wake_all(&log->watchers);
}

void build_log_end(struct build_log *log)
{
    log->ended = true;
    watch_wake_all(&log->watchers);
}

void build_log_put_away(struct build_log *log)
{
    log->kept = true;
}
