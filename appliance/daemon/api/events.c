/* The operator's events: /api/events, a page of what happened. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/list.h"
#include "api/parts.h"
#include "store/event.h"

static void add_event(void *arg, const struct store_event_row *row)
{
    struct list_json *l = arg;

    if (!list_row(l))
        return;
    list_number(l, "sequence", row->sequence);
    list_time(l, "utc_ms", row->utc_ms);
    list_text(l, "kind", row->kind);
    list_code(l, row->code, "");
    list_text(l, "repository", row->repository);
    list_text(l, "session_name", row->session_name);
    list_text(l, "image_name", row->image_name);
    list_id(l, "launch", &row->launch);
    list_id(l, "build", &row->build);
    list_id(l, "image", &row->image);
    list_id(l, "session", &row->session);
    list_id(l, "container", &row->container);
    if (*row->json)
        buf_add_format(&l->json, ", \"details\": %s", row->json);
    list_row_end(l);
}

/* ?after=SEQUENCE gives what came behind it, ?since=UTC_MS what came from then on, neither the last ones. */
enum MHD_Result serve_events(struct api *a, struct request *r)
{
    cleanup_list struct list_json l = {0};
    struct store_event_page page = {.after = -1};
    struct err e;

    if (list_begin(&l, r, "events", &e) < 0 || query_number(&page.after, r, "after", INT64_MAX, &e) < 0 ||
        query_number(&page.since, r, "since", INT64_MAX, &e) < 0)
        return reply_error(a, r, &e);
    page.limit = l.limit;
    if (page.after >= 0 || page.since > 0)
        page.limit++; /* tells whether there are more */
    if (store_event_load(a->parts.store, &page, add_event, &l, &e) < 0)
        return reply_error(a, r, &e);
    return list_reply(a, r, &l);
}
