/* A fetch.sock whose other end says what the test wants, well-behaved or not. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake/fetch.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "loop/loop.h"

struct fake_fetch fake_fetch = {.listener = -1};

static void peer_end(struct fake_fetch_peer *p)
{
    loop_fd_remove(&p->watched);
    close(p->fd);
    buf_free(&p->in);
    buf_free(&p->out);
    list_remove(&p->node);
    fake_fetch.open--;
    free(p);
}

static void peer_want(struct fake_fetch_peer *p)
{
    loop_fd_want(p->watched, p->out.len ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static bool peer_send(struct fake_fetch_peer *p)
{
    ssize_t sent = p->out.len ? send(p->fd, p->out.bytes, p->out.len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (sent > 0) {
        p->sent += (size_t)sent;
        buf_drop(&p->out, (size_t)sent);
    }
    return !(p->closing && !p->out.len);
}

static void peer_ready(void *arg, unsigned events)
{
    struct fake_fetch_peer *p = arg;
    char *to = buf_reserve(&p->in, 65536);
    ssize_t got = recv(p->fd, to, 65536, MSG_DONTWAIT), frame;
    struct wire_fetch_message m;
    struct err e;

    if (got > 0)
        buf_added(&p->in, (size_t)got);
    if (got == 0 || !peer_send(p)) {
        peer_end(p);
        return;
    }
    while ((frame = wire_fetch_decode(&m, buf_text(&p->in), p->in.len, &e)) > 0) {
        fake_fetch.question(p, &m);
        buf_drop(&p->in, (size_t)frame);
    }
    peer_want(p);
}

static void accept_peer(void *arg, unsigned events)
{
    struct fake_fetch_peer *p = mem_zero(1, sizeof *p);

    p->fd = accept4(fake_fetch.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    p->in = BUF_OF(1 << 20);
    p->out = BUF_OF(64 << 20);
    p->number = ++fake_fetch.connections;
    fake_fetch.open++;
    list_add(&fake_fetch.peers, &p->node);
    p->watched = loop_fd_new(fake_fetch.loop, p->fd, LOOP_READ, peer_ready, p);
}

void fake_fetch_start(struct loop *loop, const char *path)
{
    struct err e;

    fake_fetch = (struct fake_fetch){.loop = loop, .listener = -1};
    list_init(&fake_fetch.peers);
    snprintf(fake_fetch.path, sizeof fake_fetch.path, "%s", path);
    if (fd_listen_unix(&fake_fetch.listener, path, SOCK_STREAM | SOCK_NONBLOCK, 0600, &e) < 0)
        abort();
    fake_fetch.watched = loop_fd_new(loop, fake_fetch.listener, LOOP_READ, accept_peer, NULL);
}

void fake_fetch_stop(void)
{
    list_for_each_safe (node, &fake_fetch.peers)
        peer_end(container_of(node, struct fake_fetch_peer, node));
    loop_fd_remove(&fake_fetch.watched);
    close(fake_fetch.listener);
    unlink(fake_fetch.path);
}

struct fake_fetch_peer *fake_fetch_last(void)
{
    return list_empty(&fake_fetch.peers) ? NULL : container_of(fake_fetch.peers.before, struct fake_fetch_peer, node);
}

void fake_fetch_raw(struct fake_fetch_peer *p, const void *bytes, size_t len)
{
    buf_add(&p->out, bytes, len);
    peer_want(p);
}

void fake_fetch_say(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (!wire_fetch_encode(&p->out, m))
        abort();
    peer_want(p);
}

void fake_fetch_close(struct fake_fetch_peer *p)
{
    p->closing = true;
    loop_fd_want(p->watched, LOOP_READ | LOOP_WRITE);
}

void fake_fetch_line(struct fake_fetch_peer *p, const char *text)
{
    fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_LINE, .text = slice_of(text)});
}

void fake_fetch_ref(struct fake_fetch_peer *p, const char *ref)
{
    fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_REF, .resolved = slice_of(ref)});
}

void fake_fetch_end(struct fake_fetch_peer *p, enum err_code code, const char *text)
{
    fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_END, .code = code, .text = slice_of(text)});
}

void fake_fetch_plan(struct fake_fetch_peer *p, uint32_t lane, uint32_t images, const char *dockerfile)
{
    struct wire_fetch_message m = {
        .kind = WIRE_FETCH_PLAN, .lane = lane, .images = images, .why = slice_of("Because.")};

    for (uint32_t i = 0; i < images && i < WIRE_FETCH_IMAGES_MAX; i++)
        m.dockerfile[i] = slice_of(dockerfile);
    fake_fetch_say(p, &m);
}

void fake_fetch_bytes(struct fake_fetch_peer *p, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += WIRE_FETCH_PAYLOAD_MAX) {
        size_t piece = len - at < WIRE_FETCH_PAYLOAD_MAX ? len - at : WIRE_FETCH_PAYLOAD_MAX;

        fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_BYTES, .bytes = {bytes + at, piece}});
    }
    fake_fetch_say(p, &(struct wire_fetch_message){.kind = WIRE_FETCH_BYTES});
}
