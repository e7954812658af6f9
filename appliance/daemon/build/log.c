/* The log of a build: a file of encoded events, appended to and read at offsets. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"

struct build_log {
    int held, fd;
    char *path;
    struct loop *loop;
    uint64_t size;                        /* bytes written, holes included: whole lines */
    uint64_t head_end;                    /* where the head ends; 0: all of it is head so far */
    uint64_t tail_begin;                  /* between the two is a hole, or nothing */
    uint64_t shown;                       /* readers see this much: the size at the last turn of the timer */
    uint64_t live_begin;                  /* the last lines of that */
    uint64_t lines[BUILD_LOG_LIVE_LINES]; /* where the last lines begin; `oldest` is the next to go */
    unsigned oldest;
    struct buf last;                   /* lines that were read last: two hundred readers want the same ones */
    uint64_t last_begin, last_allowed; /* where they begin; the end that they were read with */
    struct loop_timer *gather;
    bool ended, full, kept;
    struct list watchers;
};

/* ---- a file that is there already ---- */

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

/* The first byte at or behind `at` that is not of a hole: a hole's edges are filled up with NULs to whole blocks. */
static uint64_t behind_hole(const struct build_log *log, uint64_t at)
{
    char bytes[BUILD_LOG_LINE_MAX];
    off_t data = lseek(log->fd, (off_t)at, SEEK_DATA);
    ssize_t got;

    at = data > 0 ? (uint64_t)data : at;
    while ((got = pread(log->fd, bytes, sizeof bytes, (off_t)at)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            if (bytes[i])
                return at + (uint64_t)i;
        at += (uint64_t)got;
    }
    return log->size;
}

static void find_head_and_tail(struct build_log *log)
{
    char bytes[BUILD_LOG_LINE_MAX];
    const uint64_t from = BUILD_LOG_HEAD - sizeof bytes;
    ssize_t got = log->size > BUILD_LOG_HEAD ? pread(log->fd, bytes, sizeof bytes, (off_t)from) : 0;
    const char *end = got > 0 ? memrchr(bytes, '\n', (size_t)got) : NULL;

    if (!end)
        return;
    log->head_end = from + (uint64_t)(end - bytes) + 1;
    log->tail_begin = behind_hole(log, log->head_end);
}

int build_log_open(struct build_log **out, struct loop *loop, const char *path, struct err *e)
{
    struct build_log *log = mem_zero(1, sizeof *log);
    struct stat st;

    log->held = 1;
    log->loop = loop;
    log->path = mem_string(path);
    list_init(&log->watchers);
    log->last = BUF_OF(BUILD_LOG_READ_MAX);
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
    find_head_and_tail(log);
    log->shown = log->live_begin = log->size;
    for (size_t i = 0; i < BUILD_LOG_LIVE_LINES; i++)
        log->lines[i] = log->size;
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
    loop_timer_cancel(&log->gather);
    if (log->fd >= 0) {
        close(log->fd);
        if (!log->kept)
            unlink(log->path);
    }
    buf_free(&log->last);
    free(log->path);
    free(log);
}

/* ---- reading ---- */

/* Where a reader stands who has read all that the one before it had, or goes on where that one began. */
static bool is_known_begin(const struct build_log *log, uint64_t at)
{
    return log->last.len && (at == log->last_begin || at == log->last_begin + log->last.len);
}

/* A client names its place, so it may be anywhere; no part of a line is ever handed out without its beginning. */
static uint64_t line_begin(const struct build_log *log, uint64_t at)
{
    char bytes[BUILD_LOG_LINE_MAX];
    ssize_t got;
    const char *end;

    if (!at || at >= log->size || (at > log->head_end && at <= log->tail_begin) || is_known_begin(log, at))
        return at;
    got = pread(log->fd, bytes, 1, (off_t)at - 1);
    if (got == 1 && bytes[0] == '\n')
        return at;
    got = pread(log->fd, bytes, sizeof bytes, (off_t)at);
    end = got > 0 ? memchr(bytes, '\n', (size_t)got) : NULL;
    return end ? at + (uint64_t)(end - bytes) + 1 : log->size;
}

static void encode(struct buf *out, const char *phase, const char *text, size_t len)
{
    buf_add_format(out, "{\"phase\":\"%s\",\"message\":", phase);
    json_add_string(out, text, len);
    out->len--; /* the closing quote goes behind the newline */
    buf_add_text(out, "\\n\"}\n");
}

static bool skip(struct build_log_cursor *cursor, uint64_t to, const char *why, struct buf *out)
{
    char text[160];
    int len = snprintf(text, sizeof text, "[%.1f MB of this log are %s]", (double)(to - cursor->at) / 1e6, why);

    encode(out, "building", text, (size_t)len);
    cursor->at = to;
    return true;
}

static bool read_again(const struct build_log *log, struct build_log_cursor *cursor, uint64_t end, struct buf *out)
{
    if (!log->last.len || cursor->at != log->last_begin || end != log->last_allowed ||
        !buf_add(out, log->last.bytes, log->last.len))
        return false;
    cursor->at += log->last.len;
    return true;
}

static void remember(struct build_log *log, uint64_t begin, uint64_t end, struct slice lines)
{
    buf_clear(&log->last);
    buf_add(&log->last, lines.at, lines.len); /* one line that is longer than a piece is not kept */
    log->last_begin = begin;
    log->last_allowed = end;
}

/* Whole lines from the cursor on and not beyond `end`; a line that is longer than a piece comes alone. */
static bool read_lines(struct build_log *log, struct build_log_cursor *cursor, uint64_t end, struct buf *out)
{
    static const size_t pieces[] = {BUILD_LOG_READ_MAX, BUILD_LOG_LINE_MAX};

    if (read_again(log, cursor, end, out))
        return true;
    for (size_t i = 0; i < 2 && cursor->at < end; i++) {
        uint64_t unread = end - cursor->at;
        size_t room = out->limit - out->len < pieces[i] ? out->limit - out->len : pieces[i];
        size_t want = unread < room ? (size_t)unread : room;
        char *to = want ? buf_reserve(out, want) : NULL;
        ssize_t got = to ? pread(log->fd, to, want, (off_t)cursor->at) : 0;
        const char *last = got > 0 ? memrchr(to, '\n', (size_t)got) : NULL;

        if (last) {
            buf_added(out, (size_t)(last - to) + 1);
            remember(log, cursor->at, end, (struct slice){to, (size_t)(last - to) + 1});
            cursor->at += (uint64_t)(last - to) + 1;
            return true;
        }
    }
    return false;
}

bool build_log_read(struct build_log *log, struct build_log_cursor *cursor, struct buf *out)
{
    if (cursor->at == log->shown)
        return false;
    cursor->at = line_begin(log, cursor->at);
    if (!log->head_end || cursor->at < log->head_end)
        return read_lines(log, cursor, log->head_end && log->head_end < log->shown ? log->head_end : log->shown, out);
    if (!cursor->caught_up)
        cursor->caught_up = log->shown;
    if (cursor->at < log->tail_begin)
        return skip(cursor, log->tail_begin, "not kept: its first 8 MiB and its last 8 MiB are", out);
    if (cursor->at < cursor->caught_up)
        return read_lines(log, cursor, cursor->caught_up, out);
    if (cursor->at < log->live_begin)
        return skip(cursor, log->live_begin, "not shown here: it is longer than 8 MiB", out);
    return read_lines(log, cursor, log->shown, out);
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

/* ---- writing ---- */

static void show(struct build_log *log)
{
    log->shown = log->size;
    log->live_begin = log->lines[log->oldest];
    watch_wake_all(&log->watchers);
}

static void gathered(void *arg);

static void gather(struct build_log *log)
{
    log->gather = loop_timer_new(log->loop, log->head_end ? BUILD_LOG_LIVE_MS : BUILD_LOG_GATHER_MS, gathered, log);
}

static void gathered(void *arg)
{
    struct build_log *log = arg;

    log->gather = NULL;
    if (log->size == log->shown) {
        buf_free(&log->last);
        return;
    }
    show(log);
    gather(log);
}

static void stop_here(struct build_log *log)
{
    log_line(LOG_WARNING, ERR_SYSTEM, "the log %s ends here: %m", log->path);
    log->full = true;
}

/* A hole from where the tail began to where it begins now: its blocks are given back, offsets stay. */
static void drop_old(struct build_log *log)
{
    uint64_t begin = line_begin(log, log->size - BUILD_LOG_TAIL);

    if (fallocate(log->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)log->tail_begin,
                  (off_t)(begin - log->tail_begin)) < 0)
        stop_here(log);
    else
        log->tail_begin = begin;
}

static void append(struct build_log *log, const struct buf *line)
{
    ssize_t wrote = write(log->fd, line->bytes, line->len);

    if (wrote != (ssize_t)line->len) {
        stop_here(log);
        if (wrote > 0 && ftruncate(log->fd, (off_t)log->size) < 0)
            log_line(LOG_WARNING, ERR_SYSTEM, "%s: %m", log->path);
        return;
    }
    if (!log->head_end && log->size + line->len > BUILD_LOG_HEAD)
        log->head_end = log->tail_begin = log->size;
    log->lines[log->oldest] = log->size;
    log->oldest = (log->oldest + 1) % BUILD_LOG_LIVE_LINES;
    log->size += line->len;
    if (log->head_end && log->size - log->tail_begin > BUILD_LOG_TAIL + BUILD_LOG_SLACK)
        drop_old(log);
}

void build_log_line(struct build_log *log, const char *phase, const char *text, size_t len)
{
    cleanup_buf struct buf line = BUF_OF(BUILD_LOG_LINE_MAX);

    if (log->full || log->ended)
        return;
    encode(&line, phase, text, len);
    if (line.full) { /* 8 KiB of control characters at six bytes each fit; a text that does not is no line of ours */
        log_line(LOG_WARNING, ERR_TOO_LARGE, "a line of %zu bytes was left out of a build's log", len);
        return;
    }
    append(log, &line);
    if (log->gather)
        return;
    show(log);
    gather(log);
}

void build_log_end(struct build_log *log)
{
    log->ended = true;
    loop_timer_cancel(&log->gather);
    show(log);
}

void build_log_put_away(struct build_log *log)
{
    log->kept = true;
}
