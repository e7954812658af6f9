/* Building an image: a tar goes to the engine while its records come back. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/build.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "engine/ask.h"
#include "engine/foreign_json.h"
#include "engine/state.h"
#include "engine/steplimit.h"
#include "engine/trace.h"
#include "loop/loop.h"

#define RECORD_MAX (4 << 20) /* bytes of a line of the answer: an engine tells up to 1 MiB of log in one, as base64 */
#define QUERY_MAX (1 << 20)
#define SHOWN 144  /* of an image's name in a sentence */
#define KILLED 137 /* exit code of a step that the kernel killed: 128 + SIGKILL */

struct build {
    struct op op;
    struct engine *engine;
    struct steplimit_build limit;
    ssize_t (*pull)(void *arg, void *to, size_t room);
    void (*line)(void *arg, const char *text, size_t len);
    int (*reads)(void *arg, struct slice image, struct err *e);
    void *arg;
    char *out; /* the caller's, 72 bytes */
    struct done done;
    struct op *question;
    struct loop_timer *stop;     /* once it is refused */
    struct engine_answer answer; /* its body is what the engine says where it refuses */
    struct buf record;           /* a line that has not come whole */
    struct trace *trace;
    bool traced;        /* it has told of its steps */
    char id[72];        /* "sha256:...", once it is there */
    char *failure;      /* what the engine said, owned */
    struct err refused; /* why it does not begin, or may not go on; nothing that is said after that counts */
};

/* ---- the question ---- */

static void add_member(struct buf *out, const char *pair)
{
    struct slice value = slice_of(pair), name = slice_cut(&value, '=');

    buf_add_char(out, out->len ? ',' : '{');
    json_add_string(out, name.at, name.len);
    buf_add_char(out, ':');
    json_add_string(out, value.at, value.len);
}

/* "NAME=value" lines, and one more, as a JSON object; `out` is empty. */
static void add_object(struct buf *out, const char *const *pairs, const char *more)
{
    for (size_t i = 0; pairs && pairs[i]; i++)
        add_member(out, pairs[i]);
    if (more)
        add_member(out, more);
    buf_add_text(out, out->len ? "}" : "{}");
}

static void add_parameter(struct buf *out, const char *name, struct slice value)
{
    buf_add_format(out, "&%s=", name);
    url_encode(out, value, "-._~");
}

/* What is asked is the daemon's own and bounded by the store's columns, far below QUERY_MAX. */
static void write_query(struct buf *out, const struct engine *en, const struct engine_build_spec *spec)
{
    cleanup_free char *own = mem_format(ENGINE_LABEL_INSTANCE "=%s", en->instance);
    cleanup_buf struct buf args = BUF_OF(QUERY_MAX), labels = BUF_OF(QUERY_MAX);
    struct id id = id_new();
    char build[ID_TEXT];

    add_object(&args, spec->args, NULL);
    add_object(&labels, spec->labels, own);
    buf_add_text(out, "/build?version=2&rm=1&forcerm=1");
    add_parameter(out, "buildid", slice_of(id_text(build, &id)));
    add_parameter(out, "dockerfile", slice_of(spec->dockerfile));
    add_parameter(out, "buildargs", (struct slice){buf_text(&args), args.len});
    add_parameter(out, "labels", (struct slice){buf_text(&labels), labels.len});
}

/* ---- the answer's records ---- */

static void refuse(void *arg);

/* It is refused from the loop: what is being read belongs to the question. */
static void stop(struct build *b, const struct err *why)
{
    if (b->refused.code)
        return;
    b->refused = *why;
    b->stop = loop_timer_new(b->engine->loop, 0, refuse, b);
}

static void take_line(void *arg, const char *text, size_t len)
{
    struct build *b = arg;

    b->line(b->arg, text, len);
}

static void take_image(void *arg, struct slice name, bool frontend)
{
    struct build *b = arg;
    struct err why;

    if (frontend)
        err_set(&why, ERR_PLAN_IMAGE,
                "the image %.*s is to read the Dockerfile (# syntax=); builds here use the engine's "
                "own frontend",
                name.len < SHOWN ? (int)name.len : SHOWN, name.at);
    if (frontend || (b->reads && b->reads(b->arg, name, &why) < 0))
        stop(b, &why);
}

static int base64_value(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* In place (RFC 4648, section 4); -1 for what is no base64. */
static ssize_t decode_base64(char *text, size_t len)
{
    size_t out = 0;
    unsigned bits = 0;

    while (len && text[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text[i]);

        if (value < 0)
            return -1;
        bits = bits << 6 | (unsigned)value;
        if (i % 4)
            text[out++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
    }
    return (ssize_t)out;
}

static void take_trace(struct build *b, const json_t *aux)
{
    cleanup_free char *bytes = NULL;
    struct err e;
    ssize_t len = -1;

    b->traced = true;
    if (json_is_string(aux)) {
        bytes = mem_copy(json_string_value(aux), json_string_length(aux));
        len = decode_base64(bytes, json_string_length(aux));
    }
    if (len < 0) {
        err_set(&e, ERR_TRACE_MALFORMED, "a record is no base64");
        stop(b, &e);
    } else if (trace_add(b->trace, bytes, (size_t)len, &e) < 0) {
        stop(b, &e);
    } else if (b->engine->steplimit) {
        steplimit_look(b->engine->steplimit);
    }
}

static void take_record(struct build *b, const char *bytes, size_t len)
{
    json_t *record = foreign_json(bytes, len, NULL);
    const json_t *aux = json_object_get(record, "aux");
    const char *kind = json_string_value(json_object_get(record, "id"));
    const char *id = json_string_value(json_object_get(aux, "ID"));
    const char *detail = json_string_value(json_object_get(json_object_get(record, "errorDetail"), "message"));
    const char *error = detail ? detail : json_string_value(json_object_get(record, "error"));
    struct err e;

    if (!record) {
        err_set(&e, ERR_TRACE_MALFORMED, "a record is no JSON");
        stop(b, &e);
    }
    if (kind && str_is(kind, "moby.buildkit.trace"))
        take_trace(b, aux);
    else if (id && str_starts(id, "sha256:"))
        str_copy(b->id, sizeof b->id, id);
    else if (error && !b->failure)
        b->failure = mem_string(error);
    json_decref(record);
}

static void take_chunk(void *arg, const char *bytes, size_t len)
{
    struct build *b = arg;
    struct err e;

    while (len && !b->refused.code) {
        const char *end = memchr(bytes, '\n', len);
        size_t piece = end ? (size_t)(end - bytes) : len;

        if (!buf_add(&b->record, bytes, piece)) {
            err_set(&e, ERR_TRACE_MALFORMED, "a record has more than %d bytes", RECORD_MAX);
            stop(b, &e);
        }
        if (!end)
            return;
        if (!b->refused.code && slice_trim((struct slice){buf_text(&b->record), b->record.len}).len)
            take_record(b, buf_text(&b->record), b->record.len);
        buf_clear(&b->record);
        bytes = end + 1;
        len -= piece + 1;
    }
}

static ssize_t pull_body(void *arg, void *to, size_t room)
{
    struct build *b = arg;

    return b->pull(b->arg, to, room);
}

/* ---- its end ---- */

/* The number behind the last "exit code: " when it is the message's end; -1: none. 20.10 and 26 both end so. */
static int exit_code_of(const char *message)
{
    static const char mark[] = "exit code: ";
    const char *at = NULL;
    uint64_t code;

    for (const char *next = strstr(message, mark); next; next = strstr(next, mark))
        at = next += sizeof mark - 1;
    return at && str_number(&code, slice_of(at), 255) ? (int)code : -1;
}

/* What the engine puts before the cause says nothing to a visitor. */
static const char *cause_of(const char *message)
{
    static const char *const fronts[] = {
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve: ",
        "failed to create LLB definition: ",
        "failed to compute cache key: ",
    };

    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
        if (str_starts(message, fronts[i]))
            message += strlen(fronts[i]);
    return message;
}

static void set_failure(const struct build *b, struct err *e)
{
    const char *step = trace_failed_step(b->trace), *line = trace_failed_line(b->trace);
    const char *colon = line[0] ? ": " : "";
    const char *cause = cause_of(b->failure);
    int code = exit_code_of(b->failure);

    if (code == KILLED && b->limit.limits.memory_bytes)
        err_set(e, ERR_BUILD_MEMORY, "%s was killed (exit code %d): it may use %lld MiB of memory here%s%s", step, code,
                (long long)(b->limit.limits.memory_bytes >> 20), colon, line);
    else if (code == KILLED)
        err_set(e, ERR_BUILD_MEMORY, "%s was killed (exit code %d), most likely for want of memory%s%s", step, code,
                colon, line);
    else if (code >= 0)
        err_set(e, ERR_BUILD_STEP, "%s ended with exit code %d%s%s", step, code, colon, line);
    else if (strstr(b->failure, "no space left on device"))
        err_set(e, ERR_DISK_LOW, "there is no disk left on this machine: %s", cause_of(b->failure));
    else if (str_is(cause_of(b->failure), "no active sessions")) /* builds.md 4.1: 20.10 and 26 say no more */
        err_set(e, ERR_BUILD_DOCKERFILE, "the Dockerfile mounts a secret or an ssh agent; builds here have none");
    else
        err_set(e, ERR_BUILD_DOCKERFILE, "%s", *cause ? cause : "the engine refuses this build and does not say why");
}

/* The stream ended well, or so it seems: whether the build did. */
static int judge(struct build *b, struct err *e)
{
    if (b->refused.code) {
        *e = b->refused;
        return e->code == ERR_TRACE_MALFORMED ? err_wrap(e, "the engine's answer") : -1;
    }
    if (b->failure) {
        set_failure(b, e);
        return -1;
    }
    if (b->id[0] && !b->traced)
        return err_set(e, ERR_TRACE_MALFORMED, "the engine's answer does not tell what the build has read");
    if (b->id[0]) {
        str_copy(b->out, sizeof b->id, b->id);
        return 0;
    }
    return err_set(e, ERR_ENGINE_GONE, "the engine's answer ended before the build did");
}

static void free_build(struct build *b)
{
    if (b->engine->steplimit)
        steplimit_remove(b->engine->steplimit, &b->limit);
    loop_timer_cancel(&b->stop);
    engine_answer_free(&b->answer);
    buf_free(&b->record);
    trace_free(&b->trace);
    free(b->failure);
    free(b);
}

static void cancel_build(struct op *op)
{
    struct build *b = container_of(op, struct build, op);

    op_cancel(&b->question);
    free_build(b);
}

static void end_build(struct build *b, const struct err *failed)
{
    struct done done = b->done;
    struct err e = failed ? *failed : (struct err){0};
    bool bad = failed || judge(b, &e) < 0;

    free_build(b);
    done_call(done, bad ? &e : NULL);
}

static void answered(void *arg, const struct err *failed)
{
    struct build *b = arg;

    b->question = NULL;
    if (!failed)
        trace_end(b->trace);
    end_build(b, b->refused.code ? NULL : failed);
}

/* Closing the connection is what stops the engine. */
static void refuse(void *arg)
{
    struct build *b = arg;

    b->stop = NULL;
    op_cancel(&b->question);
    end_build(b, NULL);
}

/* A limit that is not enforced is not promised. */
static int set_limits(struct build *b, const struct engine_build_spec *spec, struct err *e)
{
    b->limit.limits = (struct cgroup_limits){spec->memory_bytes, spec->processes};
    b->limit.trace = b->trace;
    list_init(&b->limit.node);
    if (!spec->memory_bytes && !spec->processes)
        return 0;
    if (!b->engine->steplimit)
        return err_set(e, ERR_ENGINE_NO_LIMITS, "limits of build steps are not enforced here");
    return steplimit_add(b->engine->steplimit, &b->limit, e);
}

struct op *engine_build(struct engine *en, const struct engine_build_spec *spec, char image[72], struct done done)
{
    static const char *const headers[] = {"Content-Type: application/x-tar", NULL};
    struct build *b = mem_zero(1, sizeof *b);
    cleanup_buf struct buf query = BUF_OF(QUERY_MAX);
    struct err why;

    *b = (struct build){.op = {cancel_build},
                        .engine = en,
                        .pull = spec->pull,
                        .line = spec->line,
                        .reads = spec->reads,
                        .arg = spec->arg,
                        .out = image,
                        .done = done,
                        .record = BUF_OF(RECORD_MAX),
                        .trace = trace_new(&(struct trace_listener){take_line, take_image, b})};
    if (set_limits(b, spec, &why) < 0) {
        stop(b, &why);
        return &b->op;
    }
    write_query(&query, en, spec);
    b->question = engine_ask(en,
                             &(struct engine_question){.method = "POST",
                                                       .path = buf_text(&query),
                                                       .headers = headers,
                                                       .pull = pull_body,
                                                       .chunk = take_chunk,
                                                       .arg = b,
                                                       .limit_ms = ENGINE_NO_LIMIT},
                             &b->answer, (struct done){answered, b});
    return &b->op;
}

void engine_build_more(struct op *build)
{
    struct build *b = container_of(build, struct build, op);

    if (b->question)
        engine_ask_more(b->question);
}
