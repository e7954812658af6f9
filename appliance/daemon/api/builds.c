/* The operator's builds: /api/builds, stopping one, and its log. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/list.h"
#include "api/parts.h"
#include "api/stop.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/build.h"
#include "build/log.h"
#include "store/rows.h"

#define LOG_BYTES_MAX (256 * 1024) /* of lines in one answer, and no more than one read beyond */
#define LOG_JSON_MAX (LOG_BYTES_MAX + BUILD_LOG_LINE_MAX + 4096)

static void write_build(struct list_json *l, const struct store_build *row, int place)
{
    if (!list_row(l))
        return;
    list_id(l, "id", &row->id);
    list_text(l, "state", row->state);
    if (place)
        list_number(l, "place", place);
    list_text(l, "image", row->image);
    list_text(l, "repository", row->repo_url);
    list_text(l, "ref", row->ref);
    list_text(l, "commit", row->commit);
    list_text(l, "lane", row->lane);
    list_text(l, "step", row->step);
    list_time(l, "created_ms", row->created);
    list_time(l, "started_ms", row->started);
    list_time(l, "ended_ms", row->ended);
    list_code(l, row->code, row->text);
    list_row_end(l);
}

static void add_build(void *arg, const struct build_view *view)
{
    write_build(arg, view->row, view->place);
}

static void add_ended(void *arg, const struct store_build *row)
{
    write_build(arg, row, 0);
}

enum MHD_Result serve_builds(struct api *a, struct request *r)
{
    cleanup_list struct list_json l = {0};
    struct err e;

    if (list_begin(&l, r, "builds", &e) < 0)
        return reply_error(a, r, &e);
    build_list(a->parts.builds, add_build, &l);
    if (store_build_load_newest(a->parts.store, l.limit - l.rows + 1, add_ended, &l, &e) < 0)
        return reply_error(a, r, &e);
    return list_reply(a, r, &l);
}

static int find(const struct api *a, const struct request *r, struct build_view *view, struct build_log **log,
                struct err *e)
{
    cleanup_free char *name = path_name(r);
    int count = build_find(a->parts.builds, name, view, log);

    if (count > 1)
        return err_set(e, ERR_AMBIGUOUS, "%.40s is how %d builds begin: write more of it", name, count);
    if (count == 1)
        return 0;
    return err_set(e, ERR_NO_SUCH, "no build %.80s runs, waits or has ended lately", name);
}

enum MHD_Result serve_build_stop(struct api *a, struct request *r)
{
    struct build_view view;
    char id[ID_TEXT];
    struct err e, why;
    struct id row;

    if (find(a, r, &view, NULL, &e) < 0 || stop_reason(&why, r, ERR_BUILD_STOPPED, &e) < 0)
        return reply_error(a, r, &e);
    row = view.row->id;
    id_text(id, &row);
    if (build_stop(a->parts.builds, &row, &why))
        return stop_reply(a, r, "build", id);
    err_set(&e, ERR_NO_SUCH, "the build %s has ended already", id);
    return reply_error(a, r, &e);
}

/* The log's lines are JSON objects, one a line: an array of them has commas between. */
static void add_lines(struct buf *json, struct buf *lines, bool first)
{
    for (char *c = lines->bytes; c < lines->bytes + lines->len; c++)
        if (*c == '\n')
            *c = ',';
    if (!first)
        buf_add_char(json, ',');
    buf_add(json, lines->bytes, lines->len - 1);
}

/* From ?at=, a place that an earlier answer has named: who follows asks again, so nothing waits here. */
enum MHD_Result serve_build_log(struct api *a, struct request *r)
{
    cleanup_buf struct buf json = BUF_OF(LOG_JSON_MAX), lines = BUF_OF(BUILD_LOG_LINE_MAX);
    struct build_log_cursor cursor = {0};
    struct build_log *log;
    struct build_view view;
    char id[ID_TEXT];
    bool more = true;
    int64_t at = 0;
    struct err e;

    if (find(a, r, &view, &log, &e) < 0 || query_number(&at, r, "at", INT64_MAX, &e) < 0)
        return reply_error(a, r, &e);
    cursor.at = (uint64_t)at;
    buf_add_format(&json, "{\"build\": \"%s\", \"state\": \"%s\", \"lines\": [", id_text(id, &view.row->id),
                   view.row->state);
    for (bool first = true; more && json.len < LOG_BYTES_MAX; first = false) {
        more = build_log_read(log, &cursor, &lines);
        if (more)
            add_lines(&json, &lines, first);
        buf_clear(&lines);
    }
    buf_add_format(&json, "], \"at\": %llu, \"more\": %s, \"ended\": %s}", (unsigned long long)cursor.at,
                   more ? "true" : "false", build_log_ended(log) ? "true" : "false");
    return reply_json(a, r, MHD_HTTP_OK, (struct slice){buf_text(&json), json.len});
}
