/* The operator's lists: what is asked of one, and its rows as bounded JSON. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/list.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"

#define NAME_MAX_BYTES 512
#define NUMBER_MAX_BYTES 32
#define END_BYTES 64 /* kept for what stands behind the rows */

int query_number(int64_t *out, const struct request *r, const char *name, int64_t most, struct err *e)
{
    cleanup_buf struct buf text = BUF_OF(NUMBER_MAX_BYTES);
    uint64_t number;

    if (!url_query_value(&text, r->query, name) && !text.len && !text.full)
        return 0;
    if (text.full || !str_number(&number, slice_of(buf_text(&text)), (uint64_t)most))
        return err_set(e, ERR_PARAMETER, "%s is a whole number of at most %" PRId64, name, most);
    *out = (int64_t)number;
    return 0;
}

char *path_name(const struct request *r)
{
    cleanup_buf struct buf name = BUF_OF(NAME_MAX_BYTES);

    return url_decode(&name, r->first) ? buf_steal(&name) : mem_string("");
}

int list_begin(struct list_json *l, const struct request *r, const char *name, struct err *e)
{
    int64_t limit = LIST_ROWS;

    *l = (struct list_json){.json = BUF_OF(LIST_BYTES_MAX)};
    if (query_number(&limit, r, "limit", LIST_ROWS_MAX, e) < 0)
        return -1;
    l->limit = (int)limit;
    buf_add_format(&l->json, "{\"%s\": [", name);
    return 0;
}

bool list_row(struct list_json *l)
{
    l->more = l->more || l->rows == l->limit;
    if (l->more)
        return false;
    l->row_at = l->json.len;
    buf_add_text(&l->json, l->rows ? ", {" : "{");
    return true;
}

void list_row_end(struct list_json *l)
{
    buf_add_char(&l->json, '}');
    l->rows++;
    if (!l->json.full && l->json.len + END_BYTES <= l->json.limit)
        return;
    l->json.len = l->row_at; /* a row that does not fit is none */
    l->json.full = false;
    l->more = true;
    l->rows--;
}

static void key_of(struct list_json *l, const char *key)
{
    bool first = l->json.len && l->json.bytes[l->json.len - 1] == '{';

    buf_add_format(&l->json, "%s\"%s\": ", first ? "" : ", ", key);
}

void list_text(struct list_json *l, const char *key, const char *text)
{
    key_of(l, key);
    if (*text)
        json_add_string(&l->json, text, strlen(text));
    else
        buf_add_text(&l->json, "null");
}

void list_number(struct list_json *l, const char *key, int64_t number)
{
    key_of(l, key);
    buf_add_format(&l->json, "%" PRId64, number);
}

void list_time(struct list_json *l, const char *key, int64_t utc_ms)
{
    if (utc_ms)
        list_number(l, key, utc_ms);
    else
        list_text(l, key, "");
}

void list_id(struct list_json *l, const char *key, const struct id *id)
{
    char text[ID_TEXT];

    list_text(l, key, id_is_none(id) ? "" : id_text(text, id));
}

void list_code(struct list_json *l, int code, const char *text)
{
    char word[16] = "";

    if (code)
        snprintf(word, sizeof word, "RB%04d", code);
    list_text(l, "code", word);
    list_text(l, "text", !code ? "" : *text ? text : err_info((enum err_code)code)->sentence);
}

void list_end(struct list_json *l)
{
    buf_add_format(&l->json, "], \"more\": %s}", l->more ? "true" : "false");
}

enum MHD_Result list_reply(struct api *a, struct request *r, struct list_json *l)
{
    list_end(l);
    return reply_json(a, r, MHD_HTTP_OK, (struct slice){buf_text(&l->json), l->json.len});
}
