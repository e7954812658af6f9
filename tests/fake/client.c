/* A client of the api's sockets, on the test's own loop. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define GUARD_MS 3600000 /* virtual */
#define GOT_MAX (16 * 1024 * 1024)

struct loop *loop;
static struct err e;

static void came(void *arg, unsigned events)
{
    struct client *c = arg;
    char part[8192];
    ssize_t len = recv(c->fd, part, sizeof part, MSG_DONTWAIT);

    if (len > 0)
        buf_add(&c->got, part, (size_t)len);
    if (len == 0) {
        c->closed = true;
        loop_fd_remove(&c->watch);
    }
    loop_stop(loop);
}

void client_open(struct client *c, const char *socket, const char *request)
{
    *c = (struct client){.got = BUF_OF(GOT_MAX)};
    if (fd_connect_unix(&c->fd, socket, SOCK_STREAM, &e) < 0)
        exit(1);
    c->watch = loop_fd_new(loop, c->fd, LOOP_READ, came, c);
    if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        exit(1);
}

void client_close(struct client *c)
{
    loop_fd_remove(&c->watch);
    close(c->fd);
    buf_free(&c->got);
}

static void guard_fired(void *arg)
{
    *(bool *)arg = true;
    loop_stop(loop);
}

bool arrives(struct client *c, const char *text)
{
    bool late = false;
    struct loop_timer *guard = loop_timer_new(loop, GUARD_MS, guard_fired, &late);

    while (!late && !c->closed && !(text && strstr(buf_text(&c->got), text)))
        if (loop_run(loop, &e) < 0)
            break;
    if (!late)
        loop_timer_cancel(&guard);
    return text ? strstr(buf_text(&c->got), text) != NULL : c->closed;
}

void pass(int64_t ms)
{
    bool over = false;

    loop_timer_new(loop, ms, guard_fired, &over);
    while (!over)
        if (loop_run(loop, &e) < 0)
            break;
}

const char *ask_with(const char *socket, const char *line, const char *fields)
{
    static struct buf answer;
    cleanup_free char *request =
        mem_format("%s HTTP/1.1\r\nHost: my.host\r\nConnection: close\r\n%s\r\n", line, fields);
    struct client c;

    client_open(&c, socket, request);
    arrives(&c, NULL);
    buf_free(&answer);
    answer = c.got;
    c.got = BUF_OF(0);
    client_close(&c);
    return buf_text(&answer);
}

int status_of(const char *answer)
{
    return str_starts(answer, "HTTP/1.1 ") ? atoi(answer + 9) : -1;
}

const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end ? end + 4 : "";
}
