/* The operator's lists: what is asked of one, and its rows as bounded JSON. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_LIST_H
#define API_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "api/reply.h"
#include "base/buf.h"
#include "base/id.h"

/*
 * {"<name>": [{...}, ...], "more": false}. A list has at most `limit` rows (LIST_ROWS unless the request's query says
 * otherwise) and LIST_BYTES_MAX bytes; "more" tells that there are others, which were left out.
 */
#define LIST_ROWS 100
#define LIST_ROWS_MAX 1000
#define LIST_BYTES_MAX (4 << 20)

struct list_json {
    struct buf json;
    int limit, rows;
    size_t row_at; /* where the row that is being written begins */
    bool more;
};

/* Reads ?limit= and writes the front. Errors: ERR_PARAMETER. */
int list_begin(struct list_json *l, const struct request *r, const char *name, struct err *e) ERR_CHECKED;
/* false: the row is one too many, and nothing is to be written. */
bool list_row(struct list_json *l);
void list_row_end(struct list_json *l);
/* Members of the row. A text that is empty, a time that is 0 and an id that is none are null. */
void list_text(struct list_json *l, const char *key, const char *text);
void list_number(struct list_json *l, const char *key, int64_t number);
void list_time(struct list_json *l, const char *key, int64_t utc_ms);
void list_id(struct list_json *l, const char *key, const struct id *id);
/* "code" and "text" of what an ended row has; ERR_NONE: null. */
void list_code(struct list_json *l, int code, const char *text);
/* Ends it and answers. */
enum MHD_Result list_reply(struct api *a, struct request *r, struct list_json *l);
void list_end(struct list_json *l);

static inline void cleanup_list_at(struct list_json *l)
{
    buf_free(&l->json);
}
#define cleanup_list CLEANUP(cleanup_list_at)

/* A whole number of the query; *out stays where it is not there. Errors: ERR_PARAMETER. */
int query_number(int64_t *out, const struct request *r, const char *name, int64_t most, struct err *e) ERR_CHECKED;
/* The decoded text that stood for the path's "*"; to be freed. "": it cannot be decoded, or is longer than any name. */
char *path_name(const struct request *r);

#endif
