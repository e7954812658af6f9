/* HTTP/1.1 heads, of requests and of answers, read strictly. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * One reading for everybody behind us: what two programs could read in two ways is refused (RFC 9112; design.md 3a).
 * So lines end with CR LF, names are tokens directly before their colon, nothing is folded, there are no control
 * characters, one Host, one length, and a length or chunks but never both. Pure: no memory, slices point into the
 * bytes that were given.
 */
#define HTTP_FIELDS_MAX 100
#define HTTP_NO_LENGTH (-1)

enum http_name {
    HTTP_OTHER,
    HTTP_DISGUISED, /* one of the others with '_' for '-': some programs behind us would take it for that one */
#define NAME(symbol, name, once, hop) HTTP_##symbol,
#include "http/names.def"
#undef NAME
    HTTP_NAMES
};

struct http_field {
    struct slice name, value; /* the value without blanks around it */
    enum http_name known;
};

struct http_head {
    struct slice method, target, path; /* of a request; path: the target up to '?' */
    struct slice host;                 /* of a request; empty only in HTTP/1.0 */
    int status;                        /* of an answer, 100 to 599 */
    int minor;                         /* HTTP/1.minor: 0 or 1 */
    struct slice lines;                /* from the first field to the blank line, without it */
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t n_fields;
    int64_t length;  /* Content-Length, or HTTP_NO_LENGTH */
    bool chunked;    /* Transfer-Encoding: chunked */
    bool close;      /* this message is the connection's last */
    bool websocket;  /* Connection: upgrade with Upgrade: websocket */
    bool names_hops; /* Connection names fields beside its own words */
    bool expects;    /* Expect: 100-continue */
};

/*
 * Where the head ends: the number of bytes with its blank line, or 0 while it is not all there. `from`: how many bytes
 * an earlier call has looked at. Ends also at a blank line without CR, which the parsers then refuse.
 */
size_t http_head_end(const char *bytes, size_t len, size_t from);

/*
 * Reads a whole head: `len` is what http_head_end() said. One empty line in front of a request is skipped.
 * Errors: ERR_HTTP_MALFORMED, and for requests ERR_HTTP_VERSION, ERR_HTTP_CODING, ERR_HTTP_HEAD_TOO_LARGE (fields).
 */
int http_request_parse(struct http_head *out, const char *bytes, size_t len, struct err *e) ERR_CHECKED;
int http_answer_parse(struct http_head *out, const char *bytes, size_t len, struct err *e) ERR_CHECKED;

/* The first field of that name, or NULL. */
const struct http_field *http_head_field(const struct http_head *h, enum http_name name);

#endif
