/* One connection's socket with its two buffers, read and written as far as it goes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/mem.h"

#define FREE_ROOMS 64 /* kept; more are given back to the system */

static struct room *free_rooms;
static unsigned n_free_rooms;

struct room *room_new(void)
{
    struct room *r = free_rooms;

    if (r) {
        free_rooms = r->next;
        n_free_rooms--;
    } else {
        r = mem_resize(NULL, 1, sizeof *r);
    }
    r->start = r->end = 0;
    return r;
}

void room_free(struct room **r)
{
    if (!*r)
        return;
    if (n_free_rooms < FREE_ROOMS) {
        (*r)->next = free_rooms;
        free_rooms = *r;
        n_free_rooms++;
    } else {
        free(*r);
    }
    *r = NULL;
}

bool room_add(struct room *r, const char *bytes, size_t len)
{
    if (len > ROOM_BYTES - r->end)
        return false;
    memcpy(r->bytes + r->end, bytes, len);
    r->end += (uint32_t)len;
    return true;
}

bool room_add_text(struct room *r, const char *text)
{
    return room_add(r, text, strlen(text));
}

void stream_start(struct stream *s, int fd)
{
    s->source.fd = fd;
    s->can_read = s->can_write = true;
    s->hung_up = s->ended = s->failed = false;
}

void stream_note(struct stream *s, uint32_t events)
{
    s->can_read |= (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    s->can_write |= (events & EPOLLOUT) != 0;
    s->hung_up |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    s->failed |= (events & (EPOLLERR | EPOLLHUP)) != 0;
}

/* How many bytes can be read now. What is left of a head whose end has not come moves to the front. */
static size_t make_room(struct stream *s)
{
    if (!s->in)
        s->in = room_new();
    if (s->in->end == ROOM_BYTES && s->in->start) {
        s->in->end -= s->in->start;
        memmove(s->in->bytes, s->in->bytes + s->in->start, s->in->end);
        s->in->start = 0;
    }
    return ROOM_BYTES - s->in->end;
}

enum stream_read stream_read(struct stream *s)
{
    size_t room;
    ssize_t n;

    if (s->ended)
        return STREAM_ENDED;
    if (!s->can_read)
        return s->failed ? STREAM_FAILED : STREAM_NOTHING;
    room = make_room(s);
    if (!room)
        return STREAM_NOTHING;
    n = recv(s->source.fd, s->in->bytes + s->in->end, room, 0);
    if (n > 0) {
        s->in->end += (uint32_t)n;
        /* Less than asked for: that was all, unless the end stands behind it. */
        s->can_read = (size_t)n == room || s->hung_up;
        return STREAM_BYTES;
    }
    if (s->in->start == s->in->end)
        room_free(&s->in);
    s->can_read = false;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        s->can_read = errno == EINTR;
        return STREAM_NOTHING;
    }
    s->ended = n == 0;
    s->failed |= n < 0;
    return n == 0 ? STREAM_ENDED : STREAM_FAILED;
}

bool stream_is_silent(const struct stream *s)
{
    char byte;

    return recv(s->source.fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

struct slice stream_got(const struct stream *s)
{
    if (!s->in)
        return (struct slice){0};
    return (struct slice){s->in->bytes + s->in->start, s->in->end - s->in->start};
}

void stream_used(struct stream *s, size_t len)
{
    if (!s->in)
        return;
    s->in->start += (uint32_t)len;
    s->scanned = 0;
    if (s->in->start == s->in->end)
        room_free(&s->in);
}

size_t stream_pending(const struct stream *s)
{
    return s->out ? s->out->end - s->out->start : 0;
}

struct room *stream_out(struct stream *s)
{
    if (!s->out)
        s->out = room_new();
    return s->out;
}

void stream_drop_out(struct stream *s)
{
    s->keep_out = false;
    room_free(&s->out);
}

static ssize_t write_both(struct stream *s, const char *more, size_t len)
{
    size_t pending = stream_pending(s);
    struct iovec parts[2] = {{s->out ? s->out->bytes + s->out->start : NULL, pending}, {(char *)more, len}};
    struct msghdr message = {.msg_iov = pending ? parts : parts + 1, .msg_iovlen = pending && len ? 2 : 1};

    if (message.msg_iovlen == 1)
        return send(s->source.fd, message.msg_iov[0].iov_base, message.msg_iov[0].iov_len, MSG_NOSIGNAL);
    return sendmsg(s->source.fd, &message, MSG_NOSIGNAL);
}

ssize_t stream_write(struct stream *s, const char *more, size_t len)
{
    size_t pending = stream_pending(s), of_pending;
    ssize_t n;

    if (s->failed)
        return -1;
    if (!s->can_write || !(pending + len))
        return 0;
    n = write_both(s, more, len);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        s->failed = true;
        return -1;
    }
    if (n < 0)
        n = 0;
    s->can_write = (size_t)n == pending + len;
    of_pending = (size_t)n < pending ? (size_t)n : pending;
    if (s->out)
        s->out->start += (uint32_t)of_pending;
    if (s->out && of_pending == pending && !s->keep_out)
        room_free(&s->out);
    return n - (ssize_t)of_pending;
}

void stream_shut(struct stream *s)
{
    shutdown(s->source.fd, SHUT_WR);
}

void stream_reset(struct stream *s)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(s->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void stream_close(struct stream *s)
{
    poll_timer_stop(&s->timer);
    poll_close(&s->source);
    room_free(&s->in);
    stream_drop_out(s);
    s->scanned = 0;
}
