/* Questions by HTTP against a small server: over a unix socket and TCP, streamed both ways, bounded, cancelled. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/outbound.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "tap.h"

static struct loop *loop;
static struct outbound *outbound;
static char path[] = "/tmp/test-outbound-XXXXXX", socket_path[64];
static int port, ended[2];

/* ---- the server: one process a connection ---- */

static bool say(int fd, const char *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void answer(int fd, const char *status, const char *body, size_t len)
{
    char head[200];
    int head_len = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);

    if (say(fd, head, (size_t)head_len))
        say(fd, body, len);
}

/* Three pieces, 30 ms apart, and a last one of `big` bytes. */
static void stream(int fd, size_t big)
{
    cleanup_free char *zeros = mem_zero(1, big);
    char size[32];

    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47);
    for (int i = 0; i < 3; i++) {
        say(fd, "3\r\nabc\r\n", 8);
        usleep(30000);
    }
    if (big) {
        say(fd, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", big));
        say(fd, zeros, big);
        say(fd, "\r\n", 2);
    }
    say(fd, "0\r\n\r\n", 5);
}

/* Says nothing, and tells the test when the connection is closed. */
static void wait_for_end(int fd)
{
    char byte;

    if (recv(fd, &byte, 1, 0) <= 0 && write(ended[1], "x", 1) == 1)
        _exit(0);
}

/* Its head and, as far as it came with it, its body; the number says the how-manieth of its connection it is. */
static void serve_one(int fd, const char *request, int number)
{
    static const char big[100000];
    cleanup_buf struct buf text = BUF_OF(70000);

    buf_add_format(&text, "%d: %s", number, request);
    if (strstr(request, " /big "))
        answer(fd, "200 OK", big, sizeof big);
    else if (strstr(request, " /stream "))
        stream(fd, 0);
    else if (strstr(request, " /flood "))
        stream(fd, 3000000);
    else if (strstr(request, " /no "))
        answer(fd, "404 Not Found", "{\"message\":\"none\"}", 18);
    else if (strstr(request, " /moved "))
        answer(fd, "302 Found\r\nLocation: http://127.0.0.1:1/", "", 0);
    else if (strstr(request, " /cut "))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 42);
    else if (strstr(request, " /silent "))
        wait_for_end(fd);
    else
        answer(fd, "200 OK", buf_text(&text), text.len);
    if (strstr(request, " /cut ") || strstr(request, " /close "))
        _exit(0);
}

static bool whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");

    if (!end)
        return false;
    if (strstr(request, "chunked"))
        return str_ends(request, "\r\n0\r\n\r\n");
    return !length || strlen(end + 4) >= (size_t)atoi(length + 16);
}

static void serve_connection(int fd)
{
    static char request[65536];
    size_t len = 0;
    int number = 0;

    for (;;) {
        ssize_t got = recv(fd, request + len, sizeof request - 1 - len, 0);

        if (got <= 0)
            _exit(0);
        len += (size_t)got;
        request[len] = '\0';
        if (!whole(request))
            continue;
        serve_one(fd, request, ++number);
        len = 0;
    }
}

static pid_t serve(int listener)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    signal(SIGCHLD, SIG_IGN);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 && errno == EAGAIN)
            usleep(1000);
        if (fd < 0)
            continue;
        if (fork() == 0)
            serve_connection(fd);
        close(fd);
    }
}

/* ---- asking ---- */

struct asked {
    struct outbound_answer answer;
    struct err e;
    struct op *op;
    int calls, chunks;
    size_t chunk_bytes, cancel_after;
};

static void asked_done(void *arg, const struct err *e)
{
    struct asked *a = arg;

    a->op = NULL;
    a->calls++;
    if (e)
        a->e = *e;
    loop_stop(loop);
}

static void asked_chunk(void *arg, const char *bytes, size_t len)
{
    struct asked *a = arg;

    a->chunks++;
    a->chunk_bytes += len;
    if (a->cancel_after && a->chunk_bytes >= a->cancel_after) {
        op_cancel(&a->op);
        loop_stop(loop);
    }
}

static void begin(void)
{
    struct err e;

    if (loop_new(&loop, &e) < 0 || outbound_new(&outbound, loop, &e) < 0)
        abort();
}

static void end(void)
{
    outbound_free(&outbound);
    loop_free(&loop);
}

static void run(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        abort();
}

static void ask(struct asked *a, struct outbound_request *r)
{
    r->arg = a;
    if (!a->answer.body.limit)
        a->answer.body = BUF_OF(8192);
    a->op = outbound_ask(outbound, r, &a->answer, (struct done){asked_done, a});
}

static struct asked ask_alone(struct outbound_request *r, size_t limit)
{
    struct asked a = {.answer.body = BUF_OF(limit)};

    begin();
    ask(&a, r);
    if (a.calls)
        abort(); /* called from inside */
    run();
    end();
    return a;
}

static void test_answers(void)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-Thing: 1", NULL};
    struct outbound_request get = {.method = "GET", .socket = socket_path, .url = "http://engine/thing?a=b"};
    struct outbound_request post = {
        .method = "POST", .socket = socket_path, .url = "http://engine/x", .headers = headers};
    struct outbound_request empty = {.method = "POST", .socket = socket_path, .url = "http://engine/x"};
    struct outbound_request no = {.method = "DELETE", .socket = socket_path, .url = "http://engine/no"};
    struct outbound_request head = {.method = "HEAD", .socket = socket_path, .url = "http://engine/x"};
    struct outbound_request moved = {.method = "GET", .socket = socket_path, .url = "http://engine/moved"};
    struct asked a = ask_alone(&get, 4096);

    is_number(a.answer.status, 200, "a unix socket answers");
    ok(str_starts(buf_text(&a.answer.body), "1: GET /thing?a=b HTTP/1.1\r\nHost: engine\r\n"), "to what was asked");
    buf_free(&a.answer.body);
    post.body = "{\"a\":1}";
    post.body_len = 7;
    a = ask_alone(&post, 4096);
    ok(str_ends(buf_text(&a.answer.body), "\r\n\r\n{\"a\":1}"), "a body is posted");
    ok(strstr(buf_text(&a.answer.body), "X-Thing: 1\r\n") && !strstr(buf_text(&a.answer.body), "Expect"),
       "with the headers given, and nobody waits for a 100");
    buf_free(&a.answer.body);
    a = ask_alone(&empty, 4096);
    ok(strstr(buf_text(&a.answer.body), "Content-Length: 0\r\n") && !strstr(buf_text(&a.answer.body), "Content-Type"),
       "a POST without a body says so");
    buf_free(&a.answer.body);
    a = ask_alone(&no, 4096);
    ok(a.answer.status == 404 && a.e.code == ERR_NONE, "any status is an answer");
    is(buf_text(&a.answer.body), "{\"message\":\"none\"}", "with its body");
    buf_free(&a.answer.body);
    a = ask_alone(&head, 0);
    ok(a.answer.status == 200 && a.e.code == ERR_NONE, "HEAD has an answer without a body");
    a = ask_alone(&moved, 4096);
    is_number(a.answer.status, 302, "a redirect is an answer, too");
    buf_free(&a.answer.body);
}

static void test_tcp(void)
{
    char url[64];
    struct outbound_request get = {.method = "GET", .url = url};
    struct asked a;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/tcp", port);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    a = ask_alone(&get, 4096);
    ok(a.answer.status == 200 && str_starts(buf_text(&a.answer.body), "1: GET /tcp "),
       "TCP answers; a proxy of the environment is not used");
    buf_free(&a.answer.body);
}

static void test_faults(void)
{
    struct outbound_request nobody = {.method = "GET", .socket = "/nonexistent/socket", .url = "http://engine/"};
    struct outbound_request refused = {.method = "GET", .url = "http://127.0.0.1:1/"};
    struct outbound_request file = {.method = "GET", .url = "file:///etc/passwd"};
    struct outbound_request big = {.method = "GET", .socket = socket_path, .url = "http://engine/big"};
    struct outbound_request cut = {.method = "GET", .socket = socket_path, .url = "http://engine/cut"};
    struct outbound_request silent = {
        .method = "GET", .socket = socket_path, .url = "http://engine/silent", .limit_ms = 50};
    struct asked a = ask_alone(&nobody, 4096);

    ok(a.e.code == ERR_UNREACHABLE && a.calls == 1, "a socket that is not there is unreachable: %s", a.e.text);
    a = ask_alone(&refused, 4096);
    ok(a.e.code == ERR_UNREACHABLE, "so is a port where nobody listens: %s", a.e.text);
    a = ask_alone(&file, 4096);
    ok(a.e.code == ERR_UNREACHABLE && !a.answer.body.len, "and everything but http and https: %s", a.e.text);
    a = ask_alone(&cut, 4096);
    ok(a.e.code == ERR_UNREACHABLE, "an answer that is cut off is none: %s", a.e.text);
    buf_free(&a.answer.body);
    a = ask_alone(&big, 4096);
    ok(a.e.code == ERR_TOO_LARGE && a.answer.body.len <= 4096, "an answer over its limit ends: %s", a.e.text);
    buf_free(&a.answer.body);
    a = ask_alone(&silent, 4096);
    is_number(a.e.code, ERR_DEADLINE, "silence ends at the limit");
}

static void test_stream(void)
{
    struct outbound_request get = {
        .method = "GET", .socket = socket_path, .url = "http://engine/stream", .chunk = asked_chunk};
    struct outbound_request flood = {
        .method = "GET", .socket = socket_path, .url = "http://engine/flood", .chunk = asked_chunk};
    struct outbound_request no = {
        .method = "GET", .socket = socket_path, .url = "http://engine/no", .chunk = asked_chunk};
    struct asked a = {0};

    begin();
    ask(&a, &get);
    run();
    end();
    ok(a.chunks > 1 && a.chunk_bytes == 9 && a.calls == 1 && !a.answer.body.len, "bytes are told as they come");
    a = (struct asked){0};
    begin();
    ask(&a, &flood);
    run();
    end();
    ok(a.chunk_bytes == 9 + 3000000 && a.calls == 1, "a flood is handed on whole");
    a = (struct asked){.cancel_after = 100000};
    begin();
    ask(&a, &flood);
    run();
    end();
    ok(a.chunk_bytes >= 100000 && a.calls == 0, "a stream may be cancelled by whoever reads it");
    a = (struct asked){0};
    begin();
    ask(&a, &no);
    run();
    end();
    ok(!a.chunks && a.answer.status == 404 && a.answer.body.len == 18, "an error's body is kept");
    buf_free(&a.answer.body);
}

static int pulls;

static void more(void *arg)
{
    outbound_more(((struct asked *)arg)->op);
}

/* Twice some bytes, with a pause before the second, then the end. */
static ssize_t pull(void *arg, void *to, size_t room)
{
    switch (pulls++) {
    case 0:
        memcpy(to, "first ", 6);
        return 6;
    case 1:
        loop_timer_new(loop, 30, more, arg);
        return -1;
    case 2:
        memcpy(to, "second", 6);
        return 6;
    default:
        return 0;
    }
}

static void test_pull(void)
{
    struct outbound_request post = {
        .method = "POST", .socket = socket_path, .url = "http://engine/build", .pull = pull};
    struct asked a = {0};

    begin();
    ask(&a, &post);
    run();
    end();
    ok(a.calls == 1 && a.answer.status == 200, "a body may be pulled, and may pause");
    ok(str_ends(buf_text(&a.answer.body), "\r\n\r\n6\r\nfirst \r\n6\r\nsecond\r\n0\r\n\r\n"), "it goes out in chunks");
    buf_free(&a.answer.body);
}

/* Asks thrice, one after the other, and keeps what the server says. */
struct row {
    struct asked asked;
    struct outbound_request request;
    int left;
    struct buf numbers;
};

static void row_done(void *arg, const struct err *e)
{
    struct row *row = arg;

    buf_add(&row->numbers, e ? "E" : buf_text(&row->asked.answer.body), 1);
    buf_clear(&row->asked.answer.body);
    if (row->left-- > 1)
        outbound_ask(outbound, &row->request, &row->asked.answer, (struct done){row_done, row});
    else
        loop_stop(loop);
}

static void test_kept(void)
{
    struct row row = {.request = {.method = "POST", .socket = socket_path, .url = "http://engine/x"}, .left = 3};

    row.numbers = BUF_OF(16);
    row.asked.answer.body = BUF_OF(4096);
    begin();
    outbound_ask(outbound, &row.request, &row.asked.answer, (struct done){row_done, &row});
    run();
    is(buf_text(&row.numbers), "123", "a connection is kept, also when asked from inside done");
    end();
    buf_clear(&row.numbers);
    row.left = 3;
    row.request.url = "http://engine/close";
    begin();
    outbound_ask(outbound, &row.request, &row.asked.answer, (struct done){row_done, &row});
    run();
    is(buf_text(&row.numbers), "111", "a kept connection that was closed meanwhile is replaced");
    end();
    buf_free(&row.numbers);
    buf_free(&row.asked.answer.body);
}

static void stop(void *arg)
{
    loop_stop(loop);
}

/* How many connections the server has seen end, since this was asked last. */
static int ends(void)
{
    struct pollfd asked = {ended[0], POLLIN, 0};
    char bytes[16];

    return poll(&asked, 1, 1000) > 0 ? (int)read(ended[0], bytes, sizeof bytes) : 0;
}

static void test_cancel(void)
{
    struct outbound_request get = {.method = "GET", .socket = socket_path, .url = "http://engine/x"};
    struct outbound_request silent = {.method = "GET", .socket = socket_path, .url = "http://engine/silent"};
    struct asked a = {0}, b = {0};

    ends(); /* of the tests before */
    begin();
    ask(&a, &get);
    ask(&b, &silent);
    op_cancel(&a.op);
    loop_timer_new(loop, 50, stop, NULL);
    run();
    op_cancel(&b.op);
    is_number(ends(), 1, "cancelling closes the connection at once");
    ask(&b, &silent);
    outbound_free(&outbound);
    ok(!a.calls && !b.calls, "after op_cancel, or when all ends, nobody is called");
    loop_free(&loop);
}

int main(void)
{
    struct sockaddr_in where;
    socklen_t len = sizeof where;
    struct err e;
    pid_t servers[2];
    int unix_listener, tcp_listener;

    if (!mkdtemp(path) || pipe(ended) < 0)
        return 1;
    snprintf(socket_path, sizeof socket_path, "%s/s", path);
    if (fd_listen_unix(&unix_listener, socket_path, SOCK_STREAM, 0600, &e) < 0 ||
        fd_listen_tcp(&tcp_listener, "127.0.0.1:0", &e) < 0 ||
        getsockname(tcp_listener, (struct sockaddr *)&where, &len) < 0)
        return 1;
    port = ntohs(where.sin_port);
    servers[0] = serve(unix_listener);
    servers[1] = serve(tcp_listener);
    test_answers();
    test_tcp();
    test_faults();
    test_stream();
    test_pull();
    test_kept();
    test_cancel();
    for (int i = 0; i < 2; i++)
        kill(-servers[i], SIGKILL);
    unlink(socket_path);
    rmdir(path);
    return tap_end();
}
