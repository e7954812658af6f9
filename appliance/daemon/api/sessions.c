/* The operator's sessions: /api/sessions, stopping one, and what its container printed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "api/later.h"
#include "api/list.h"
#include "api/parts.h"
#include "api/stop.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/container.h"
#include "session/session.h"
#include "store/rows.h"

#define LOG_BYTES_MAX (64 * 1024)

struct listing {
    struct api *api;
    struct list_json *list;
};

static bool add_session(void *arg, const struct session_view *view)
{
    struct listing *l = arg;
    struct store_session row = {0};
    struct err e;

    if (!list_row(l->list))
        return false;
    if (store_session_get(l->api->parts.store, &view->id, &row, &e) < 0)
        log_err(LOG_WARNING, &e, "listing sessions");
    list_text(l->list, "name", view->name);
    list_id(l->list, "id", &view->id);
    list_text(l->list, "state", view->state);
    list_text(l->list, "repository", row.repo_url);
    list_text(l->list, "ref_url", row.ref_url);
    list_text(l->list, "image", row.image_name);
    list_time(l->list, "created_ms", row.created);
    list_number(l->list, "age_ms", view->age_ms);
    list_number(l->list, "idle_ms", view->still_ms);
    list_number(l->list, "memory_bytes", view->memory_bytes);
    list_number(l->list, "memory_limit_bytes", view->memory_limit_bytes);
    list_row_end(l->list);
    return true;
}

enum MHD_Result serve_sessions(struct api *a, struct request *r)
{
    cleanup_list struct list_json list = {0};
    struct listing l = {a, &list};
    struct err e;

    if (list_begin(&list, r, "sessions", &e) < 0)
        return reply_error(a, r, &e);
    session_list(a->parts.sessions, add_session, &l);
    return list_reply(a, r, &list);
}

/* NULL: *e says that there is none. */
static struct session *find(struct api *a, const struct request *r, struct err *e)
{
    cleanup_free char *name = path_name(r);
    struct session *s = session_find(a->parts.sessions, name);

    if (!s || session_state(s) == SESSION_GONE) {
        err_set(e, ERR_NO_SUCH, s ? "the session %.80s has ended already" : "there is no session %.80s", name);
        return NULL;
    }
    return s;
}

enum MHD_Result serve_session_stop(struct api *a, struct request *r)
{
    struct session_view view;
    struct err e, why;
    struct session *s = find(a, r, &e);

    if (!s || stop_reason(&why, r, ERR_SESSION_STOPPED, &e) < 0)
        return reply_error(a, r, &e);
    session_describe(s, &view);
    session_cause(s, SESSION_ENDED, &why);
    if (session_state(s) != SESSION_GONE) {
        err_set(&e, ERR_STORE_FAILED, "the end of the session %.80s could not be kept, so it goes on", view.name);
        return reply_error(a, r, &e);
    }
    return stop_reply(a, r, "session", view.name);
}

/* ---- what its container printed ---- */

struct session_log {
    struct later later;
    char *name;
    struct buf text;
};

static void write_log(struct later *later, const struct err *e, struct buf *json)
{
    struct session_log *log = container_of(later, struct session_log, later);

    buf_add_text(json, "{\"session\": ");
    json_add_string(json, log->name, strlen(log->name));
    buf_add_text(json, ", \"text\": ");
    json_add_string(json, buf_text(&log->text), log->text.len);
    if (e) {
        buf_add_text(json, ", ");
        reply_write_error(json, e);
    }
    buf_add_char(json, '}');
}

static void end_log(struct later *later)
{
    struct session_log *log = container_of(later, struct session_log, later);

    buf_free(&log->text);
    free(log->name);
    free(log);
}

enum MHD_Result serve_session_log(struct api *a, struct request *r)
{
    struct err e;
    const struct session *s = find(a, r, &e);
    struct session_view view;
    struct session_log *log;

    if (!s)
        return reply_error(a, r, &e);
    session_describe(s, &view);
    log = mem_zero(1, sizeof *log);
    log->later = (struct later){.write = write_log, .end = end_log};
    log->name = mem_string(view.name);
    log->text = BUF_OF(LOG_BYTES_MAX);
    log->later.asked =
        engine_container_log(a->parts.engine, &view.container, &log->text, (struct done){later_done, &log->later});
    return later_reply(a, r, &log->later);
}
