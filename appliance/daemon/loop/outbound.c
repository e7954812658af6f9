/* Questions by HTTP: libcurl's multi interface, driven by the loop. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/outbound.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"

#define KEPT_CONNECTIONS 32L
#define CONNECT_LIMIT_MS 5000L
/* Streamed bytes that wait for their chunk(); past it the answer is not read until they are handed on. */
#define WAITING_MAX ((size_t)256 * 1024)

struct outbound {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct list questions;
    struct question *handing; /* whose chunk() is being called; NULL once it is freed */
};

struct question {
    struct op op;
    struct list node;
    struct outbound *outbound;
    CURL *easy;
    struct curl_slist *headers;
    struct outbound_answer *out;
    struct done done;
    ssize_t (*pull)(void *arg, void *to, size_t room);
    void (*chunk)(void *arg, const char *bytes, size_t len);
    void *arg;
    struct buf waiting;           /* for chunk(), which is called when libcurl is not at work */
    bool too_large, parked, held; /* the answer; pull() has said -1; `waiting` was full */
    char reason[CURL_ERROR_SIZE];
};

static void question_free(struct question *q)
{
    if (q->outbound->handing == q)
        q->outbound->handing = NULL;
    list_remove(&q->node);
    curl_multi_remove_handle(q->outbound->multi, q->easy);
    curl_easy_cleanup(q->easy);
    curl_slist_free_all(q->headers);
    buf_free(&q->waiting);
    free(q);
}

static void question_cancel(struct op *op)
{
    question_free(container_of(op, struct question, op));
}

static bool question_streams(const struct question *q)
{
    long status = 0;

    curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
    return q->chunk && status < 300;
}

/* libcurl: bytes of the answer. */
static size_t question_take(char *bytes, size_t size, size_t count, void *arg)
{
    struct question *q = arg;
    size_t len = size * count;

    if (question_streams(q)) {
        if (buf_add(&q->waiting, bytes, len))
            return len;
        q->held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (buf_add(&q->out->body, bytes, len))
        return len;
    q->too_large = true;
    return 0;
}

/* libcurl: room for bytes of the request. */
static size_t question_give(char *to, size_t size, size_t count, void *arg)
{
    struct question *q = arg;
    ssize_t got = q->pull(q->arg, to, size * count);

    q->parked = got < 0;
    return q->parked ? CURL_READFUNC_PAUSE : (size_t)got;
}

static int question_fault(struct question *q, CURLcode result, struct err *e)
{
    const char *reason = q->reason[0] ? q->reason : curl_easy_strerror(result);
    curl_off_t connected = 0;
    long system = 0;

    if (q->too_large)
        return err_set(e, ERR_TOO_LARGE, "an answer of more than %zu bytes", q->out->body.limit);
    curl_easy_getinfo(q->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (result == CURLE_OPERATION_TIMEDOUT && connected > 0)
        return err_set(e, ERR_DEADLINE, "%s", reason);
    curl_easy_getinfo(q->easy, CURLINFO_OS_ERRNO, &system);
    if (system)
        return err_set(e, ERR_UNREACHABLE, "%s (%s)", reason, strerror((int)system));
    return err_set(e, ERR_UNREACHABLE, "%s", reason);
}

/* Hands on what waits; false when the question was cancelled meanwhile. */
static bool question_hand_on(struct question *q)
{
    struct outbound *o = q->outbound;

    o->handing = q;
    while (o->handing && q->waiting.len) {
        struct buf bytes = q->waiting;

        q->waiting = BUF_OF(WAITING_MAX);
        q->chunk(q->arg, bytes.bytes, bytes.len);
        buf_free(&bytes);
        if (o->handing && q->held) {
            q->held = false;
            curl_easy_pause(q->easy, CURLPAUSE_CONT);
        }
    }
    return STEAL(o->handing) != NULL;
}

static void question_finish(struct question *q, CURLcode result)
{
    struct done done = q->done;
    struct err e = {0};
    long status = 0;

    if (!question_hand_on(q))
        return;
    curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
    q->out->status = (int)status;
    if (result != CURLE_OK)
        question_fault(q, result, &e);
    question_free(q);
    done_call(done, result == CURLE_OK ? NULL : &e);
}

static void hand_on_all(struct outbound *o)
{
    bool again = true;

    /* A chunk() may cancel any question, its neighbours in the list included: begin anew after each. */
    while (again) {
        again = false;
        list_for_each (node, &o->questions) {
            struct question *q = container_of(node, struct question, node);

            if (!q->waiting.len)
                continue;
            question_hand_on(q);
            again = true;
            break;
        }
    }
}

static void outbound_drive(struct outbound *o, curl_socket_t fd, int events)
{
    int running, left;
    CURLMsg *message;

    curl_multi_socket_action(o->multi, fd, events, &running);
    hand_on_all(o);
    while ((message = curl_multi_info_read(o->multi, &left))) {
        struct question *q = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &q);
        question_finish(q, message->data.result);
    }
}

static void timer_fired(void *arg)
{
    struct outbound *o = arg;

    o->timer = NULL;
    outbound_drive(o, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl: when it wants to be called. */
static int timer_wanted(CURLM *multi, long delay_ms, void *arg)
{
    struct outbound *o = arg;

    loop_timer_cancel(&o->timer);
    if (delay_ms >= 0)
        o->timer = loop_timer_new(o->loop, delay_ms, timer_fired, o);
    return 0;
}

struct watched {
    struct outbound *outbound;
    struct loop_fd *fd;
    curl_socket_t number;
};

static void socket_ready(void *arg, unsigned events)
{
    struct watched *w = arg;
    int flags = 0;

    if (events & LOOP_READ)
        flags |= CURL_CSELECT_IN;
    if (events & LOOP_WRITE)
        flags |= CURL_CSELECT_OUT;
    if (events & LOOP_HANGUP)
        flags |= CURL_CSELECT_ERR;
    outbound_drive(w->outbound, w->number, flags);
}

/* libcurl: what it wants to know of a socket. */
static int socket_wanted(CURL *easy, curl_socket_t number, int what, void *arg, void *socket)
{
    struct outbound *o = arg;
    struct watched *w = socket;
    unsigned events = (what & CURL_POLL_IN ? LOOP_READ : 0u) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0u);

    if (what == CURL_POLL_REMOVE) {
        if (!w)
            return 0;
        loop_fd_remove(&w->fd);
        free(w);
        return 0;
    }
    if (w) {
        loop_fd_want(w->fd, events);
        return 0;
    }
    w = mem_zero(1, sizeof *w);
    *w = (struct watched){.outbound = o, .number = number};
    w->fd = loop_fd_new(o->loop, number, events, socket_ready, w);
    curl_multi_assign(o->multi, number, w);
    return 0;
}

int outbound_new(struct outbound **out, struct loop *loop, struct err *e)
{
    struct outbound *o;
    CURLM *multi;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(multi = curl_multi_init()))
        return err_set(e, ERR_SYSTEM, "libcurl does not start");
    o = mem_zero(1, sizeof *o);
    *o = (struct outbound){.loop = loop, .multi = multi};
    list_init(&o->questions);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, o);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, o);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    *out = o;
    return 0;
}

void outbound_free(struct outbound **o)
{
    struct outbound *it = STEAL(*o);

    if (!it)
        return;
    list_for_each_safe (node, &it->questions)
        question_free(container_of(node, struct question, node));
    curl_multi_cleanup(it->multi);
    loop_timer_cancel(&it->timer);
    free(it);
    curl_global_cleanup();
}

static void set_headers(struct question *q, const struct outbound_request *r)
{
    q->headers = curl_slist_append(NULL, "Expect:"); /* libcurl would wait a second for a 100 */
    if (!r->body && !r->pull)
        q->headers = curl_slist_append(q->headers, "Content-Type:");
    if (r->pull)
        q->headers = curl_slist_append(q->headers, "Transfer-Encoding: chunked");
    for (const char *const *header = r->headers; header && *header; header++)
        q->headers = curl_slist_append(q->headers, *header);
    curl_easy_setopt(q->easy, CURLOPT_HTTPHEADER, q->headers);
}

static void set_method(struct question *q, const struct outbound_request *r)
{
    if (str_is(r->method, "HEAD")) {
        curl_easy_setopt(q->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (r->body || r->pull || str_is(r->method, "POST"))
        curl_easy_setopt(q->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(q->easy, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->pull) {
        curl_easy_setopt(q->easy, CURLOPT_READFUNCTION, question_give);
        curl_easy_setopt(q->easy, CURLOPT_READDATA, q);
        return;
    }
    curl_easy_setopt(q->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_len : 0));
    if (r->body || str_is(r->method, "POST"))
        curl_easy_setopt(q->easy, CURLOPT_COPYPOSTFIELDS, r->body ? r->body : "");
}

static void set_where(struct question *q, const struct outbound_request *r)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(q->easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(q->easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    curl_easy_setopt(q->easy, CURLOPT_URL, r->url);
    curl_easy_setopt(q->easy, CURLOPT_UNIX_SOCKET_PATH, r->socket);
    curl_easy_setopt(q->easy, CURLOPT_NOPROXY, "*");          /* the environment's proxy is for fetch and for builds */
    curl_easy_setopt(q->easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* each container has an address of its own, asked once */
    curl_easy_setopt(q->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    /* A body that is pulled cannot be sent again where a kept connection turns out to be closed, and cancelling a
     * stream is to close its connection. */
    if (r->pull || r->chunk || r->alone) {
        curl_easy_setopt(q->easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(q->easy, CURLOPT_FORBID_REUSE, 1L);
    }
}

static void set_manner(struct question *q, const struct outbound_request *r)
{
    curl_easy_setopt(q->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(q->easy, CURLOPT_TIMEOUT_MS, (long)r->limit_ms);
    curl_easy_setopt(q->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     r->connect_limit_ms ? (long)r->connect_limit_ms : CONNECT_LIMIT_MS);
    curl_easy_setopt(q->easy, CURLOPT_WRITEFUNCTION, question_take);
    curl_easy_setopt(q->easy, CURLOPT_WRITEDATA, q);
    curl_easy_setopt(q->easy, CURLOPT_ERRORBUFFER, q->reason);
    curl_easy_setopt(q->easy, CURLOPT_PRIVATE, q);
}

struct op *outbound_ask(struct outbound *o, const struct outbound_request *request, struct outbound_answer *out,
                        struct done done)
{
    struct question *q = mem_zero(1, sizeof *q);

    *q = (struct question){.op = {question_cancel}, .outbound = o, .out = out, .done = done};
    q->pull = request->pull;
    q->chunk = request->chunk;
    q->arg = request->arg;
    q->waiting = BUF_OF(WAITING_MAX);
    q->easy = curl_easy_init();
    if (!q->easy)
        abort(); /* out of memory (base/mem.h) */
    set_headers(q, request);
    set_method(q, request);
    set_where(q, request);
    set_manner(q, request);
    list_add(&o->questions, &q->node);
    curl_multi_add_handle(o->multi, q->easy); /* it starts from the timer that libcurl sets here */
    return &q->op;
}

void outbound_more(struct op *question)
{
    struct question *q = container_of(question, struct question, op);

    if (!q->parked)
        return;
    q->parked = false;
    curl_easy_pause(q->easy, CURLPAUSE_CONT);
}
