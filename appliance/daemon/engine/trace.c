/* What a build's records tell, as lines for its log: protobuf to steps, steps to lines. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/unicode.h"
#include "engine/stepname.h"

#define TEXT_MAX 100        /* of a name or a line that goes into a sentence: both fit into err.text */
#define STEP_NAME_TOLD 1024 /* bytes of a name in the log */
#define PREFIX_MAX 48       /* "#1024 123456.789 " */

/* ---- protobuf ---- */

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct field {
    uint64_t number, value; /* value: of a varint */
    struct slice bytes;     /* of a length-delimited field */
};

static bool read_varint(struct slice *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && rest->len; shift += 7) {
        uint8_t byte = (uint8_t)*rest->at;

        rest->at++;
        rest->len--;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool skip(struct slice *rest, uint64_t len, struct slice *skipped)
{
    if (len > rest->len)
        return false;
    *skipped = (struct slice){rest->at, len};
    rest->at += len;
    rest->len -= len;
    return true;
}

/* 1: *out is the next field; 0: there is none; -1: malformed. */
static int next_field(struct slice *rest, struct field *out)
{
    uint64_t key, len;

    *out = (struct field){0};
    if (!rest->len)
        return 0;
    if (!read_varint(rest, &key) || key >> 3 == 0)
        return -1;
    out->number = key >> 3;
    switch (key & 7) {
    case WIRE_VARINT:
        return read_varint(rest, &out->value) ? 1 : -1;
    case WIRE_FIXED64:
        return skip(rest, 8, &out->bytes) ? 1 : -1;
    case WIRE_BYTES:
        return read_varint(rest, &len) && skip(rest, len, &out->bytes) ? 1 : -1;
    case WIRE_FIXED32:
        return skip(rest, 4, &out->bytes) ? 1 : -1;
    default:
        return -1;
    }
}

/* google.protobuf.Timestamp as milliseconds; 0 for none and for what lies outside of 1970 to 9999. */
static int read_time(struct slice bytes, int64_t *out)
{
    uint64_t seconds = 0, nanos = 0;
    struct field f;
    int more;

    while ((more = next_field(&bytes, &f)) > 0) {
        if (f.number == 1)
            seconds = f.value;
        if (f.number == 2)
            nanos = f.value;
    }
    *out = seconds < 253402300800 && nanos < 1000000000 ? (int64_t)(seconds * 1000 + nanos / 1000000) : 0;
    return more;
}

/* ---- steps ---- */

struct step {
    struct slice digest, name; /* owned */
    int number;                /* from 1; 0: not told */
    int64_t started;           /* ms */
    bool ended, cached, failed;
    bool returned;      /* the partial line ended with "\r": what comes next is written over it */
    struct buf partial; /* a line whose end has not come */
    char last[TEXT_MAX + 1];
};

struct trace {
    struct trace_listener to;
    struct step *steps[TRACE_STEPS_MAX];
    size_t count, recent; /* recent: where the last digest was found */
    int told;
    bool overflowed;
    char failed_step[TEXT_MAX + 1], failed_line[TEXT_MAX + 1];
};

struct trace *trace_new(const struct trace_listener *to)
{
    struct trace *t = mem_zero(1, sizeof *t);

    t->to = *to;
    return t;
}

void trace_free(struct trace **t)
{
    if (!*t)
        return;
    for (size_t i = 0; i < (*t)->count; i++) {
        struct step *s = (*t)->steps[i];

        free((char *)s->digest.at);
        free((char *)s->name.at);
        buf_free(&s->partial);
        free(s);
    }
    free(*t);
    *t = NULL;
}

/* "#3 " and the text, at most TRACE_LINE_MAX bytes. */
static void tell(struct trace *t, const struct step *s, const char *prefix, struct slice text)
{
    char line[TRACE_LINE_MAX];
    int head = snprintf(line, PREFIX_MAX, "#%d %s", s->number, prefix);
    size_t room = sizeof line - (size_t)head;

    if (text.len > room)
        text.len = room;
    if (text.len)
        memcpy(line + head, text.at, text.len);
    for (size_t i = (size_t)head; i < (size_t)head + text.len; i++) /* names of steps with a heredoc have lines */
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    t->to.line(t->to.arg, line, (size_t)head + text.len);
}

static bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static struct slice slice_copy(struct slice s, size_t max)
{
    size_t len = s.len < max ? s.len : max;

    return (struct slice){mem_copy(s.at, len), len};
}

static struct step *find_step(struct trace *t, struct slice digest)
{
    for (size_t i = 0; digest.len && i < t->count; i++) {
        size_t at = (t->recent + i) % t->count;

        if (slice_equal(t->steps[at]->digest, digest)) {
            t->recent = at;
            return t->steps[at];
        }
    }
    return NULL;
}

static struct step *add_step(struct trace *t, struct slice digest)
{
    static const char sentence[] = "This build has more steps than are told here; the rest goes on untold.";
    struct step *s;

    if (t->count == TRACE_STEPS_MAX || digest.len > 256) {
        if (!t->overflowed)
            t->to.line(t->to.arg, sentence, sizeof sentence - 1);
        t->overflowed = true;
        return NULL;
    }
    s = mem_zero(1, sizeof *s);
    s->digest = slice_copy(digest, digest.len);
    s->name = slice_copy((struct slice){"", 0}, 0);
    s->partial = BUF_OF(TRACE_LINE_MAX - PREFIX_MAX);
    t->steps[t->count++] = s;
    return s;
}

/* ---- what steps write ---- */

static void end_line(struct trace *t, struct step *s, int64_t when)
{
    struct slice text = {buf_text(&s->partial), s->partial.len};
    int64_t since = s->started && when > s->started ? when - s->started : 0;
    char prefix[32], sentence[TEXT_MAX + 1];

    snprintf(prefix, sizeof prefix, "%lld.%03lld ", (long long)(since / 1000), (long long)(since % 1000));
    tell(t, s, prefix, text);
    unicode_sentence(sentence, TEXT_MAX + 1, text);
    if (sentence[0])
        memcpy(s->last, sentence, sizeof sentence);
    buf_clear(&s->partial);
    s->returned = false;
}

/* A carriage return within a line begins it anew, as on a terminal: of a progress bar only its last state is kept. */
static void write_bytes(struct trace *t, struct step *s, struct slice bytes, int64_t when)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.at[i];

        if (c == '\n') {
            end_line(t, s, when);
            continue;
        }
        if (c == '\r') {
            s->returned = true;
            continue;
        }
        if (s->returned)
            buf_clear(&s->partial);
        s->returned = false;
        if (s->partial.len == s->partial.limit)
            end_line(t, s, when);
        buf_add_char(&s->partial, c);
    }
}

/* ---- records ---- */

static bool is_inner(struct slice name)
{
    static const char *const inner[] = {"[internal] load build", "[internal] load .dockerignore",
                                        "[internal] load remote", "copy /context"};

    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
        if (name.len >= strlen(inner[i]) && memcmp(name.at, inner[i], strlen(inner[i])) == 0)
            return true;
    return false;
}

static void tell_start(struct trace *t, struct step *s)
{
    if (s->number)
        return;
    s->number = ++t->told;
    tell(t, s, "", (struct slice){s->name.at, s->name.len < STEP_NAME_TOLD ? s->name.len : STEP_NAME_TOLD});
}

static void tell_end(struct trace *t, struct step *s, int64_t completed, struct slice error)
{
    int64_t took = completed > s->started ? completed - s->started : 0;
    char text[64];

    if (s->partial.len)
        end_line(t, s, completed);
    if (error.len) {
        tell(t, s, "ERROR: ", error);
        s->failed = true;
        /* What is stopped because another step failed says so, too. */
        if (!t->failed_step[0] && !memmem(error.at, error.len, "context canceled", 16)) {
            unicode_sentence(t->failed_step, TEXT_MAX + 1, s->name);
            memcpy(t->failed_line, s->last, sizeof s->last);
        }
    } else {
        snprintf(text, sizeof text, "DONE %lld.%llds", (long long)(took / 1000), (long long)(took % 1000 / 100));
        tell(t, s, "", slice_of(text));
    }
}

struct vertex {
    struct slice digest, name, error;
    int64_t started, completed;
    bool cached;
};

static int read_vertex(struct slice bytes, struct vertex *v)
{
    struct field f;
    int more;

    *v = (struct vertex){0};
    while ((more = next_field(&bytes, &f)) > 0) {
        if (f.number == 1)
            v->digest = f.bytes;
        else if (f.number == 3)
            v->name = f.bytes;
        else if (f.number == 4)
            v->cached = f.value != 0;
        else if (f.number == 5 && read_time(f.bytes, &v->started) < 0)
            return -1;
        else if (f.number == 6 && read_time(f.bytes, &v->completed) < 0)
            return -1;
        else if (f.number == 7)
            v->error = f.bytes;
    }
    return more;
}

/* "[2/3] FROM x", "[internal] load metadata for x", "FROM x" (of COPY and RUN). No instruction but FROM makes a step
 * whose name has that word there, and no stage's name has a blank in it. */
static void tell_image(const struct trace *t, struct slice name)
{
    static const struct {
        const char *front;
        bool frontend;
    } fronts[] = {{"FROM ", false},
                  {"load metadata for ", false},
                  {"docker-image://", false},
                  {"resolve image config for ", true}};
    const char *end = slice_starts(name, "[") ? memmem(name.at, name.len, "] ", 2) : NULL;

    if (!t->to.image)
        return;
    if (end)
        name = slice_from(name, (size_t)(end + 2 - name.at));
    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
        if (slice_starts(name, fronts[i].front)) {
            t->to.image(t->to.arg, slice_trim(slice_from(name, strlen(fronts[i].front))), fronts[i].frontend);
            return;
        }
}

/* A step is told again whenever something of it changes; "cached" may come after its end. */
static int add_vertex(struct trace *t, struct slice bytes)
{
    struct vertex v;
    struct step *s;

    if (read_vertex(bytes, &v) < 0)
        return -1;
    tell_image(t, v.name);
    if (!v.digest.len)
        return 0;
    s = find_step(t, v.digest);
    if (!s && !(s = add_step(t, v.digest)))
        return 0;
    if (!s->name.len && v.name.len) {
        free((char *)s->name.at);
        s->name = slice_copy(v.name, STEPNAME_MAX);
    }
    if (v.started)
        s->started = v.started;
    if ((is_inner(s->name) && !v.error.len) || (!v.started && !v.cached && !v.error.len))
        return 0;
    tell_start(t, s);
    if (v.cached && !s->cached) {
        tell(t, s, "", slice_of("CACHED"));
        s->cached = s->ended = true;
    }
    if ((v.completed && !s->ended) || (v.error.len && !s->failed)) {
        s->ended = true;
        tell_end(t, s, v.completed, v.error);
    }
    return 0;
}

/* Downloads, unpacking, exporting: told when done. */
static int add_status(struct trace *t, struct slice bytes)
{
    struct slice id = {0}, vertex = {0};
    int64_t completed = 0;
    struct step *s;
    struct field f;
    int more;

    while ((more = next_field(&bytes, &f)) > 0) {
        if (f.number == 1)
            id = f.bytes;
        else if (f.number == 2)
            vertex = f.bytes;
        else if (f.number == 8 && read_time(f.bytes, &completed) < 0)
            return -1;
    }
    s = find_step(t, vertex);
    if (more == 0 && s && s->number && completed && id.len)
        tell(t, s, "done: ", id);
    return more;
}

static int add_log(struct trace *t, struct slice bytes)
{
    struct slice vertex = {0}, text = {0};
    int64_t when = 0;
    struct step *s;
    struct field f;
    int more;

    while ((more = next_field(&bytes, &f)) > 0) {
        if (f.number == 1)
            vertex = f.bytes;
        else if (f.number == 2 && read_time(f.bytes, &when) < 0)
            return -1;
        else if (f.number == 4)
            text = f.bytes;
    }
    s = find_step(t, vertex);
    if (more == 0 && s && text.len) {
        tell_start(t, s);
        write_bytes(t, s, text, when);
    }
    return more;
}

int trace_add(struct trace *t, const void *record, size_t len, struct err *e)
{
    struct slice rest = {record, len};
    struct field f;
    int more, fault = 0;

    while (!fault && (more = next_field(&rest, &f)) > 0) {
        if (f.number == 1)
            fault = add_vertex(t, f.bytes);
        else if (f.number == 2)
            fault = add_status(t, f.bytes);
        else if (f.number == 3)
            fault = add_log(t, f.bytes);
    }
    if (fault < 0 || more < 0)
        return err_set(e, ERR_TRACE_MALFORMED, "a record of %zu bytes is no StatusResponse", len);
    return 0;
}

void trace_end(struct trace *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->steps[i]->partial.len)
            end_line(t, t->steps[i], 0);
}

const char *trace_failed_step(const struct trace *t)
{
    return t->failed_step;
}

const char *trace_failed_line(const struct trace *t)
{
    return t->failed_line;
}

bool trace_runs(const struct trace *t, bool (*is)(const void *arg, struct slice name), const void *arg)
{
    for (size_t i = 0; i < t->count; i++)
        if (!t->steps[i]->ended && is(arg, t->steps[i]->name))
            return true;
    return t->overflowed;
}
