/* One connection to fetch.sock: each frame is checked against what may come now. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/fetcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "wire/fetch.h"

#define IN_MAX (WIRE_FETCH_HEAD + WIRE_FETCH_PAYLOAD_MAX) /* bytes that are read and not yet used: one frame */

/* What the other end may say now, beside END with a code. */
enum expect {
    NOTHING, /* it has not been asked, or it has failed */
    REF,     /* LINE, REF */
    REF_END, /* END without a code */
    PLAN,    /* LINE, PLAN */
    BYTES,   /* BYTES */
    SILENCE, /* between contexts; behind the last one END without a code */
};

struct fetcher {
    struct op op; /* of fetcher_resolve() or fetcher_open(); only one at a time */
    struct done done;
    struct fetcher_ref *ref;   /* the caller's */
    struct fetcher_plan *plan; /* the caller's */
    struct loop *loop;
    char *socket;
    void (*line)(void *arg, const char *text, size_t len);
    void (*ready)(void *arg);
    void *arg;
    int fd;
    struct loop_fd *watched;
    struct loop_timer *telling; /* a result is told in the loop's next turn: who hears it may free us */
    enum expect expect;
    struct buf in;
    size_t frame, at;  /* frame: length of the BYTES frame in front of `in`, 0: none; at: what of it was pulled */
    bool over, closed; /* over: of the context, its end has come; closed: END has come */
    unsigned images, next;
    uint64_t left; /* bytes that the context may still have */
    uint32_t can;
    int lines;
    struct err error; /* code: ERR_NONE while all is well */
};

static void on_readable(void *arg, unsigned events);

struct fetcher *fetcher_new(struct loop *loop, const struct fetcher_spec *spec)
{
    struct fetcher *f = mem_zero(1, sizeof *f);

    f->loop = loop;
    f->socket = mem_string(spec->socket);
    f->line = spec->line;
    f->ready = spec->ready;
    f->arg = spec->arg;
    f->fd = -1;
    f->in = BUF_OF(IN_MAX);
    return f;
}

static void hang_up(struct fetcher *f)
{
    loop_fd_remove(&f->watched);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

void fetcher_free(struct fetcher **at)
{
    struct fetcher *f = STEAL(*at);

    if (!f)
        return;
    hang_up(f);
    loop_timer_cancel(&f->telling);
    buf_free(&f->in);
    free(f->socket);
    free(f);
}

/* ---- results ---- */

static void tell(void *arg)
{
    struct fetcher *f = arg;
    struct done done = f->done;
    struct err e = f->error;

    f->telling = NULL;
    f->done = (struct done){0};
    if (done.call)
        done_call(done, e.code ? &e : NULL);
    else if (f->ready)
        f->ready(f->arg);
}

static void tell_soon(struct fetcher *f)
{
    if (!f->telling)
        f->telling = loop_timer_new(f->loop, 0, tell, f);
}

/* The first failure is the one that counts. */
static void fail(struct fetcher *f, const struct err *e)
{
    if (f->error.code)
        return;
    f->error = *e;
    f->expect = NOTHING;
    f->frame = 0;
    hang_up(f);
    tell_soon(f);
}

static void fail_malformed(struct fetcher *f, const char *what)
{
    struct err e;

    err_set(&e, ERR_FETCH_MALFORMED, "the program that reads repositories %s", what);
    fail(f, &e);
}

const struct err *fetcher_error(const struct fetcher *f)
{
    return f->error.code ? &f->error : NULL;
}

/* ---- frames ---- */

static void take_line(struct fetcher *f, struct slice text)
{
    if (++f->lines > FETCHER_LINES_MAX)
        fail_malformed(f, "sent lines without end");
    else if (f->line)
        f->line(f->arg, text.at, text.len);
}

/* The commit becomes an image's tag: letters, digits, and the dots and dashes of other providers' versions. */
static void take_ref(struct fetcher *f, const struct wire_fetch_message *m)
{
    struct slice ref = m->resolved;
    bool good = ref.len < sizeof f->ref->ref && m->etag.len < sizeof f->ref->etag;

    for (size_t i = 0; good && i < m->etag.len; i++)
        good = m->etag.at[i] >= ' ' && m->etag.at[i] < 127;

    for (size_t i = 0; good && i < ref.len; i++)
        good = (ref.at[i] >= '0' && ref.at[i] <= '9') || ((ref.at[i] | 32) >= 'a' && (ref.at[i] | 32) <= 'z') ||
               (i && strchr("-._", ref.at[i]));
    if (!good) {
        fail_malformed(f, "named a commit that is none");
        return;
    }
    *f->ref = (struct fetcher_ref){.asked = m->asked};
    if (ref.len)
        memcpy(f->ref->ref, ref.at, ref.len);
    if (m->etag.len)
        memcpy(f->ref->etag, m->etag.at, m->etag.len);
    f->expect = REF_END;
}

/* A path inside the context: relative, without dot segments, printable. */
static bool copy_path(char out[FETCHER_PATH_MAX], struct slice path)
{
    struct slice rest = path;

    if (!path.len || path.len >= FETCHER_PATH_MAX)
        return false;
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.at[i] < 0x20 || path.at[i] == 0x7f)
            return false;
    for (bool more = true; more;) {
        struct slice name = slice_cut(&rest, '/');

        more = rest.len > 0;
        if (!name.len || slice_is(name, ".") || slice_is(name, ".."))
            return false;
    }
    memcpy(out, path.at, path.len);
    out[path.len] = '\0';
    return path.at[path.len - 1] != '/';
}

static bool copy_plan(struct fetcher *f, const struct wire_fetch_message *m)
{
    /* By plan/plan.h's enum plan_lane, and what allows each. */
    static const struct {
        const char *name;
        uint32_t can;
    } lanes[] = {{"dockerfile", WIRE_FETCH_CAN_DOCKERFILE}, {"layers", WIRE_FETCH_CAN_LAYERS}};
    size_t why = m->why.len < sizeof f->plan->why ? m->why.len : sizeof f->plan->why - 1;

    if (m->lane >= sizeof lanes / sizeof lanes[0] || !(lanes[m->lane].can & f->can) || m->images < 1 ||
        m->images > WIRE_FETCH_IMAGES_MAX || m->added.len >= sizeof f->plan->added)
        return false;
    *f->plan = (struct fetcher_plan){.lane = lanes[m->lane].name, .images = m->images};
    if (why)
        memcpy(f->plan->why, m->why.at, why);
    if (m->added.len)
        memcpy(f->plan->added, m->added.at, m->added.len);
    for (uint32_t i = 0; i < m->images; i++)
        if (!copy_path(f->plan->dockerfile[i], m->dockerfile[i]))
            return false;
    return true;
}

static void take_plan(struct fetcher *f, const struct wire_fetch_message *m)
{
    if (!copy_plan(f, m)) {
        fail_malformed(f, "sent a plan that was not asked for");
        return;
    }
    f->images = m->images;
    f->expect = SILENCE;
    tell_soon(f);
}

/* The frame stays in front of `in` until it is pulled. */
static void take_bytes(struct fetcher *f, struct slice bytes, size_t frame)
{
    if (bytes.len > f->left) {
        fail_malformed(f, "sent more than a repository may have");
        return;
    }
    f->left -= bytes.len;
    if (bytes.len) {
        f->frame = frame;
        f->at = WIRE_FETCH_HEAD;
    } else {
        f->over = true;
        f->expect = SILENCE;
    }
}

/* Codes of its own rooms are its to use; a process that was taken over shall not speak for the others. */
static void take_end(struct fetcher *f, enum err_code code, struct slice text)
{
    bool plain = code == ERR_DEADLINE || code == ERR_TOO_LARGE || code == ERR_SYSTEM;
    struct err e;

    if (code == ERR_NONE && f->expect == REF_END) {
        f->closed = true;
        f->expect = NOTHING;
        tell_soon(f);
    } else if (code == ERR_NONE && f->expect == SILENCE && f->images && f->next == f->images) {
        f->closed = true;
    } else if ((code >= 1300 && code < 1500) || plain) {
        err_set(&e, code, "%.*s", (int)(text.len < 256 ? text.len : 255), text.len ? text.at : "");
        fail(f, &e);
    } else {
        fail_malformed(f, "ended out of order");
    }
}

static bool may_come(const struct fetcher *f, enum wire_fetch_kind kind)
{
    if (f->closed)
        return false;
    switch (kind) {
    case WIRE_FETCH_END:
        return f->expect != NOTHING;
    case WIRE_FETCH_LINE:
        return f->expect == REF || f->expect == PLAN;
    case WIRE_FETCH_REF:
        return f->expect == REF;
    case WIRE_FETCH_PLAN:
        return f->expect == PLAN;
    case WIRE_FETCH_BYTES:
        return f->expect == BYTES;
    default:
        return false;
    }
}

static void take_frame(struct fetcher *f, const struct wire_fetch_message *m, size_t frame)
{
    if (!may_come(f, m->kind))
        fail_malformed(f, "sent a frame out of order");
    else if (m->kind == WIRE_FETCH_LINE)
        take_line(f, m->text);
    else if (m->kind == WIRE_FETCH_REF)
        take_ref(f, m);
    else if (m->kind == WIRE_FETCH_PLAN)
        take_plan(f, m);
    else if (m->kind == WIRE_FETCH_BYTES)
        take_bytes(f, m->bytes, frame);
    else
        take_end(f, m->code, m->text);
}

/* Until a frame of bytes is in front, or no whole frame is left. */
static void take_frames(struct fetcher *f)
{
    struct wire_fetch_message m;
    struct err e;
    ssize_t frame;

    while (!f->frame && !f->error.code) {
        frame = wire_fetch_decode(&m, buf_text(&f->in), f->in.len, &e);
        if (frame < 0)
            fail_malformed(f, "sent a frame that is none");
        if (frame <= 0)
            return;
        take_frame(f, &m, (size_t)frame);
        if (!f->frame)
            buf_drop(&f->in, (size_t)frame);
    }
}

/* ---- the socket ---- */

/* Reading goes on when nothing waits to be pulled; otherwise the socket is left alone, hangups included. */
static void watch(struct fetcher *f)
{
    if (f->frame || f->fd < 0)
        loop_fd_remove(&f->watched);
    else if (!f->watched)
        f->watched = loop_fd_new(f->loop, f->fd, LOOP_READ, on_readable, f);
}

static void ended(struct fetcher *f)
{
    struct err e;

    hang_up(f);
    if (f->closed || (f->expect == SILENCE && f->next == f->images))
        return;
    err_set(&e, ERR_FETCH_AWAY, "the program that reads repositories ended in between");
    fail(f, &e);
}

static void on_readable(void *arg, unsigned events)
{
    struct fetcher *f = arg;
    bool was_over = f->over;
    size_t room = f->in.limit - f->in.len;
    char *to = buf_reserve(&f->in, room);
    ssize_t got = recv(f->fd, to, room, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        ended(f);
        return;
    }
    buf_added(&f->in, (size_t)got);
    take_frames(f);
    watch(f);
    if (f->ready && (f->frame || (f->over && !was_over)))
        f->ready(f->arg); /* last: it may free us */
}

ssize_t fetcher_pull(struct fetcher *f, void *to, size_t room)
{
    size_t len;

    if (!f->frame)
        return f->over && !f->error.code ? 0 : -1;
    len = f->frame - f->at < room ? f->frame - f->at : room;
    memcpy(to, f->in.bytes + f->at, len);
    f->at += len;
    if (f->at == f->frame) {
        buf_drop(&f->in, f->frame);
        f->frame = 0;
        take_frames(f);
        watch(f);
    }
    return (ssize_t)len;
}

/* ---- questions ---- */

/* Questions are small and the socket's buffer is empty: what does not fit at once is a broken other end. */
static void ask(struct fetcher *f, const struct wire_fetch_message *m)
{
    cleanup_buf struct buf frame = BUF_OF(IN_MAX);
    struct err e;

    if (f->error.code) {
        tell_soon(f);
        return;
    }
    if (f->fd < 0 && fd_connect_unix(&f->fd, f->socket, SOCK_STREAM | SOCK_NONBLOCK, &e) < 0) {
        e.code = ERR_FETCH_AWAY;
        err_wrap(&e, "the program that reads repositories does not answer");
        fail(f, &e);
        return;
    }
    if (!wire_fetch_encode(&frame, m)) {
        err_set(&e, ERR_TOO_LARGE, "the question to the program that reads repositories is too long");
        fail(f, &e);
        return;
    }
    /* One that refuses us at once has closed already; why is still to be read. */
    if (send(f->fd, frame.bytes, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)frame.len && errno != EPIPE) {
        err_set_errno(&e, ERR_FETCH_AWAY, "the program that reads repositories takes no question");
        fail(f, &e);
        return;
    }
    watch(f);
}

static void cancel_question(struct op *op)
{
    struct fetcher *f = container_of(op, struct fetcher, op);

    f->done = (struct done){0};
    hang_up(f);
    loop_timer_cancel(&f->telling);
}

static struct slice slice_or_empty(const char *text)
{
    return slice_of(text ? text : "");
}

struct op *fetcher_resolve(struct fetcher *f, const struct fetcher_question *q, struct fetcher_ref *out,
                           struct done done)
{
    f->op.cancel = cancel_question;
    f->done = done;
    f->ref = out;
    f->expect = REF;
    ask(f, &(struct wire_fetch_message){.kind = WIRE_FETCH_RESOLVE,
                                        .version = WIRE_FETCH_VERSION,
                                        .provider = slice_of(q->provider),
                                        .spec = slice_of(q->spec),
                                        .token = slice_or_empty(q->token),
                                        .site = slice_or_empty(q->site),
                                        .api = slice_or_empty(q->api),
                                        .etag = slice_or_empty(q->etag),
                                        .known = slice_or_empty(q->known)});
    return &f->op;
}

struct op *fetcher_open(struct fetcher *f, const struct fetcher_repository *r, struct fetcher_plan *out,
                        struct done done)
{
    f->op.cancel = cancel_question;
    f->done = done;
    f->plan = out;
    f->can = r->can;
    f->expect = PLAN;
    ask(f, &(struct wire_fetch_message){.kind = WIRE_FETCH_OPEN,
                                        .version = WIRE_FETCH_VERSION,
                                        .url = slice_of(r->url),
                                        .commit = slice_of(r->commit),
                                        .ref = slice_or_empty(r->ref),
                                        .ca_bundle = slice_or_empty(r->ca_bundle),
                                        .bases = slice_or_empty(r->bases),
                                        .hidden = slice_or_empty(r->hidden),
                                        .can = r->can,
                                        .size_max = r->size_max});
    return &f->op;
}

void fetcher_context(struct fetcher *f, unsigned n, uint64_t max)
{
    f->next = n + 1;
    f->over = false;
    f->left = max;
    if (!f->error.code)
        f->expect = BYTES;
    ask(f, &(struct wire_fetch_message){.kind = WIRE_FETCH_CONTEXT, .context = n});
}
