/* Who a fetch works for: the daemon at the other end of a socket, or a person at a terminal. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/conn.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME_MAX (WIRE_FETCH_HEAD + WIRE_FETCH_PAYLOAD_MAX)

int conn_open(struct conn *c, int socket, struct err *e)
{
    struct stat what;
    sigset_t ending;

    *c = (struct conn){.socket = socket, .signals = -1, .in = BUF_OF(FRAME_MAX), .out = BUF_OF(FRAME_MAX)};
    if (socket >= 0 && (fstat(socket, &what) < 0 || !S_ISSOCK(what.st_mode)))
        return err_set(e, ERR_WIRE_MALFORMED, "standard input is no connection of the daemon's");
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    c->signals = signalfd(-1, &ending, SFD_CLOEXEC);
    return c->signals < 0 ? err_set_errno(e, ERR_SYSTEM, "signalfd") : 0;
}

void conn_close(struct conn *c)
{
    if (c->signals >= 0)
        close(c->signals);
    buf_free(&c->in);
    buf_free(&c->out);
}

static int cancelled(struct err *e)
{
    return err_set(e, ERR_FETCH_CANCELLED, "nobody waits for it any more");
}

void conn_watch(const struct conn *c, struct pollfd polls[CONN_POLLS])
{
    polls[0] = (struct pollfd){.fd = c->signals, .events = POLLIN};
    /* A negative descriptor is left out by poll(2). */
    polls[1] = (struct pollfd){.fd = c->socket, .events = POLLRDHUP};
}

int conn_heard(const struct pollfd polls[CONN_POLLS], struct err *e)
{
    return polls[0].revents || polls[1].revents & (POLLRDHUP | POLLHUP | POLLERR) ? cancelled(e) : 0;
}

int conn_wanted(const struct conn *c, struct err *e)
{
    struct pollfd polls[CONN_POLLS];

    conn_watch(c, polls);
    return poll(polls, CONN_POLLS, 0) > 0 ? conn_heard(polls, e) : 0;
}

/* Waits until the socket can do what `event` says. */
static int wait_for(const struct conn *c, short event, struct err *e)
{
    struct pollfd polls[CONN_POLLS];

    conn_watch(c, polls);
    polls[1].events |= event;
    if (poll(polls, CONN_POLLS, -1) < 0)
        return errno == EINTR ? 0 : err_set_errno(e, ERR_SYSTEM, "poll");
    /* What was said before the connection was closed is of no use, either. */
    return conn_heard(polls, e);
}

int conn_next(struct conn *c, struct wire_fetch_message *m, struct err *e)
{
    buf_drop(&c->in, c->read);
    c->read = 0;
    for (;;) {
        ssize_t got = wire_fetch_decode(m, buf_text(&c->in), c->in.len, e);
        char *to;

        if (got) {
            c->read = got < 0 ? 0 : (size_t)got;
            return got < 0 ? -1 : 0;
        }
        if (wait_for(c, POLLIN, e) < 0)
            return -1;
        to = buf_reserve(&c->in, FRAME_MAX - c->in.len);
        got = recv(c->socket, to, FRAME_MAX - c->in.len, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return cancelled(e);
        if (got > 0)
            buf_added(&c->in, (size_t)got);
    }
}

int conn_send(struct conn *c, const struct wire_fetch_message *m, struct err *e)
{
    size_t sent = 0;

    buf_clear(&c->out);
    if (!wire_fetch_encode(&c->out, m))
        return err_set(e, ERR_INTERNAL, "a frame of kind %d is too large", m->kind);
    while (sent < c->out.len) {
        ssize_t now = send(c->socket, c->out.bytes + sent, c->out.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (now >= 0)
            sent += (size_t)now;
        else if (errno != EAGAIN && errno != EINTR)
            return cancelled(e);
        else if (wait_for(c, POLLOUT, e) < 0)
            return -1;
    }
    return 0;
}

static void clean(char *text)
{
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = '?';
}

void conn_line(struct conn *c, const char *format, ...)
{
    struct wire_fetch_message m = {.kind = WIRE_FETCH_LINE};
    char text[CONN_LINE_MAX];
    struct err ignored;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clean(text);
    m.text = slice_of(text);
    if (c->socket < 0)
        fprintf(stderr, "%s\n", text);
    else if (conn_send(c, &m, &ignored) < 0)
        return;
}
