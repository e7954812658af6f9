/* Where a message's body ends: by its length, by chunks, or with the connection. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <sys/types.h>

#include "http/head.h"

#define HTTP_CHUNK_LINE_MAX 256 /* bytes of a chunk's size and extensions */
#define HTTP_TRAILERS_MAX 8192  /* bytes of all trailers */
#define HTTP_NO_LIMIT INT64_MAX

enum http_framing_kind { HTTP_BY_LENGTH, HTTP_BY_CHUNKS, HTTP_UNTIL_CLOSE };

/* A scanner over a body's bytes as they pass; they are not changed. Pure. */
struct http_framing {
    uint8_t kind;  /* enum http_framing_kind */
    uint8_t state; /* by chunks: enum chunk_state of framing.c */
    bool done;
    uint16_t line; /* bytes of the line, or of the trailers, so far */
    int64_t left;  /* by length: of the body; by chunks: of the chunk */
    int64_t room;  /* by chunks: how many bytes they may still have, extensions counted */
};

/* `limit`: bytes of a body; a longer one is ERR_HTTP_BODY_TOO_LARGE here or, in chunks, when they pass it. */
int http_framing_request(struct http_framing *f, const struct http_head *h, int64_t limit, struct err *e) ERR_CHECKED;

/* `to_head`: it answers a HEAD. 1xx, 204 and 304 have no body (RFC 9112, section 6.3). */
void http_framing_answer(struct http_framing *f, const struct http_head *h, bool to_head);

/* All that comes: for tunnels. */
void http_framing_endless(struct http_framing *f);

/*
 * Takes the next bytes; returns how many of them belong to the message: all, unless it is done. -1:
 * ERR_HTTP_MALFORMED, ERR_HTTP_BODY_TOO_LARGE.
 */
ssize_t http_framing_take(struct http_framing *f, const char *bytes, size_t len, struct err *e) ERR_CHECKED;

#endif
