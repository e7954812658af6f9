/* Events: what happened, append-only. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/event.h"

#include "base/clock.h"
#include "store/table.h"

int store_event_add(struct store *s, const struct store_event *event, struct err *e)
{
    static const char sql[] = "INSERT INTO event (utc, boot, monotonic, kind, code, launch, build,"
                              " image, session, container, json)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    sqlite3_stmt *statement = store_statement(s, sql, "add", sql, e);

    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, clock_utc_ms());
    sqlite3_bind_text(statement, 2, s->boot, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 3, clock_ms());
    sqlite3_bind_text(statement, 4, event->kind, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(statement, 5, event->code);
    store_bind_id(statement, 6, event->launch);
    store_bind_id(statement, 7, event->build);
    store_bind_id(statement, 8, event->image);
    store_bind_id(statement, 9, event->session);
    store_bind_id(statement, 10, event->container);
    if (event->json)
        sqlite3_bind_text(statement, 11, event->json, -1, SQLITE_TRANSIENT);
    return store_run(s, statement, "event", e);
}
