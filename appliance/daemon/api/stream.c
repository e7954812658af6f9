/* A launch's feed as an event stream (contract 2.1). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/stream.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "api/parts.h"
#include "api/reply.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/network.h"
#include "launch/launch.h"
#include "loop/loop.h"

#define BLOCK_BYTES 1024 /* of the response object; chunks are cut by the connection's own buffer */

struct stream {
    struct list node; /* of api->streams */
    struct network client;
    struct api *api;
    struct server *server;
    struct server_pause pause;
    struct launch_reader *reader;
    struct loop_timer *keepalive;
    struct loop_fd *peer; /* tells that the client has left: MHD does not look at a paused connection */
    struct buf out;       /* whole events; those before `sent` are gone */
    size_t sent;
    bool keepalive_due, ended, left;
};

static void feed_woke(void *arg)
{
    struct stream *s = arg;

    server_resume(s->server, &s->pause);
}

/* Every `keepalive_ms` from the start on, whatever else is sent; one that could not be sent is not made up for. */
static void keepalive_came(void *arg)
{
    struct stream *s = arg;

    s->keepalive = loop_timer_new(s->api->parts.loop, s->api->keepalive_ms, keepalive_came, s);
    s->keepalive_due = true;
    server_resume(s->server, &s->pause);
}

static void peer_changed(void *arg, unsigned events)
{
    struct stream *s = arg;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(s->pause.connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;

    if (!(events & LOOP_HANGUP) && recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) {
        loop_fd_want(s->peer, 0); /* the next request waits behind this answer */
        return;
    }
    loop_fd_remove(&s->peer);
    s->left = true;
    server_resume(s->server, &s->pause);
}

/* Takes what there is, at least one event where there is any. */
static void refill(struct stream *s)
{
    enum launch_read read;

    buf_free(&s->out);
    s->out = BUF_OF(LAUNCH_READ_ROOM);
    s->sent = 0;
    if (s->keepalive_due) {
        s->keepalive_due = false;
        buf_add_text(&s->out, ":keepalive\n\n");
        return;
    }
    read = launch_reader_read(s->reader, &s->out);
    s->ended = read == LAUNCH_READ_END;
    if (read == LAUNCH_READ_MORE && !s->out.len) {
        log_line(LOG_ERR, ERR_INTERNAL, "an event of a launch is longer than %d bytes: its stream ends",
                 LAUNCH_READ_ROOM);
        s->left = true;
    }
}

/* MHD's content reader: up to `room` bytes; 0 only with the connection paused. */
static ssize_t pull(void *arg, uint64_t at, char *to, size_t room)
{
    struct stream *s = arg;
    size_t len;

    if (s->sent == s->out.len && !s->ended && !s->left)
        refill(s);
    if (s->left || server_closing(s->server))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    len = s->out.len - s->sent;
    if (!len && s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!len) {
        server_pause(s->server, &s->pause);
        return 0;
    }
    if (len > room)
        len = room;
    memcpy(to, s->out.bytes + s->sent, len);
    s->sent += len;
    if (s->sent == s->out.len) {
        buf_free(&s->out); /* who waits holds nothing, and the next of two hundred takes the same memory */
        s->sent = 0;
    }
    return (ssize_t)len;
}

/* Before the connection's descriptor is closed: MHD gives the response back first. */
static void stream_end(void *arg)
{
    struct stream *s = arg;

    loop_timer_cancel(&s->keepalive);
    loop_fd_remove(&s->peer);
    launch_reader_free(&s->reader);
    buf_free(&s->out);
    list_remove(&s->node);
    s->api->n_streams--;
    free(s);
}

/* All zero: the operator, and who has no address. */
static struct network client_at(const char *text)
{
    uint8_t address[16];

    return text && network_address(address, slice_of(text)) ? network_of_client(address) : (struct network){0};
}

bool stream_has_room(const struct api *a, const char *address)
{
    const struct network client = client_at(address);
    unsigned of_client = 0;

    list_for_each (node, &a->streams)
        of_client += memcmp(&container_of(node, struct stream, node)->client, &client, sizeof client) == 0;
    return a->n_streams < API_STREAMS_MAX && (!client.bits || of_client < API_STREAMS_CLIENT_MAX);
}

static struct stream *stream_new(struct api *a, struct request *r, const struct launch_place *from, const char *address)
{
    struct stream *s = mem_zero(1, sizeof *s);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    s->api = a;
    s->server = r->server;
    s->pause.connection = r->connection;
    s->reader = launch_reader_new(from, address, feed_woke, s);
    s->peer = loop_fd_new(a->parts.loop, info->connect_fd, LOOP_READ, peer_changed, s);
    s->keepalive = loop_timer_new(a->parts.loop, a->keepalive_ms, keepalive_came, s);
    s->client = client_at(address);
    list_add(&a->streams, &s->node);
    a->n_streams++;
    return s;
}

enum MHD_Result stream_serve(struct api *a, struct request *r, const struct launch_place *from, const char *address)
{
    struct stream *s = stream_new(a, r, from, address);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull, s, stream_end);
    enum MHD_Result result;

    if (!response) {
        stream_end(s);
        return MHD_NO;
    }
    reply_fields(a, r, response);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* a web server in front that buffers: nginx */
    result = MHD_queue_response(r->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
