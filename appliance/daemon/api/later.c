/* An answer whose JSON is there once something else has been asked: the loop goes on meanwhile. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/later.h"

#define BLOCK_BYTES 16384 /* of the response object */

void later_done(void *arg, const struct err *e)
{
    struct later *l = arg;

    l->asked = NULL;
    l->json = BUF_OF(LATER_BYTES_MAX);
    l->write(l, e, &l->json);
    l->there = true;
    server_resume(l->server, &l->pause);
}

/* MHD's content reader; 0 only with the connection paused. */
static ssize_t pull(void *arg, uint64_t at, char *to, size_t room)
{
    struct later *l = arg;
    size_t len;

    if (server_closing(l->server))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!l->there) {
        server_pause(l->server, &l->pause);
        return 0;
    }
    len = l->json.len - l->sent;
    if (!len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (len > room)
        len = room;
    memcpy(to, l->json.bytes + l->sent, len);
    l->sent += len;
    return (ssize_t)len;
}

static void over(void *arg)
{
    struct later *l = arg;

    op_cancel(&l->asked);
    buf_free(&l->json);
    l->end(l);
}

enum MHD_Result later_reply(struct api *a, struct request *r, struct later *l)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull, l, over);
    enum MHD_Result result;

    if (!response) {
        over(l);
        return MHD_NO;
    }
    l->server = r->server;
    l->pause.connection = r->connection;
    reply_fields(a, r, response);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    result = MHD_queue_response(r->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
