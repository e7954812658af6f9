/* Events: what happened, append-only. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/event.h"

#include "base/clock.h"
#include "base/str.h"
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

/* One number of a statement, `none` where it gives no row. */
static int read_number(struct store *s, sqlite3_stmt *statement, int64_t *out, struct err *e)
{
    int result = sqlite3_step(statement);

    if (result == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else if (result != SQLITE_DONE)
        store_failed(s, "reading events", e);
    store_done(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : -1;
}

static int last_sequence(struct store *s, int64_t *out, struct err *e)
{
    static const char sql[] = "SELECT sequence FROM event ORDER BY sequence DESC LIMIT 1";
    sqlite3_stmt *statement = store_statement(s, sql, "last", sql, e);

    *out = 0;
    return statement ? read_number(s, statement, out, e) : -1;
}

int store_event_before(struct store *s, int64_t utc_ms, int64_t *out, struct err *e)
{
    static const char sql[] = "SELECT utc FROM event WHERE sequence >= ?1 ORDER BY sequence LIMIT 1";
    sqlite3_stmt *statement = store_statement(s, sql, "time", sql, e);
    int64_t low = 1, high; /* what is wanted begins in low..high + 1 */

    if (!statement || last_sequence(s, &high, e) < 0)
        return -1;
    while (low <= high) {
        int64_t middle = low + (high - low) / 2, utc = utc_ms;

        sqlite3_bind_int64(statement, 1, middle);
        if (read_number(s, statement, &utc, e) < 0)
            return -1;
        if (utc >= utc_ms)
            high = middle - 1;
        else
            low = middle + 1;
    }
    *out = low - 1;
    return 0;
}

static void read_text(char *to, size_t room, sqlite3_stmt *statement, int at)
{
    const char *text = (const char *)sqlite3_column_text(statement, at);

    str_copy(to, room, text ? text : "");
}

static void read_event(struct store_event_row *row, sqlite3_stmt *statement)
{
    struct id *const ids[] = {&row->launch, &row->build, &row->image, &row->session, &row->container};

    row->sequence = sqlite3_column_int64(statement, 0);
    row->utc_ms = sqlite3_column_int64(statement, 1);
    read_text(row->kind, sizeof row->kind, statement, 2);
    row->code = sqlite3_column_int(statement, 3);
    for (int i = 0; i < 5; i++)
        store_read_id(ids[i], statement, 4 + i);
    read_text(row->session_name, sizeof row->session_name, statement, 9);
    read_text(row->image_name, sizeof row->image_name, statement, 10);
    read_text(row->repository, sizeof row->repository, statement, 11);
    read_text(row->json, sizeof row->json, statement, 12);
    if (sqlite3_column_bytes(statement, 12) >= (int)sizeof row->json)
        row->json[0] = '\0';
}

int store_event_load(struct store *s, const struct store_event_page *page,
                     void (*each)(void *arg, const struct store_event_row *row), void *arg, struct err *e)
{
    static const char sql[] =
        "SELECT v.sequence, v.utc, v.kind, v.code, v.launch, v.build, v.image, v.session, v.container, s.name,"
        " COALESCE(s.image_name, b.image, i.name, l.image),"
        " COALESCE(s.repo_url, b.repo_url, l.provider || '/' || l.spec), v.json"
        " FROM event v LEFT JOIN session s ON s.id = v.session LEFT JOIN build b ON b.id = v.build"
        " LEFT JOIN image i ON i.id = v.image LEFT JOIN launch l ON l.id = v.launch"
        " WHERE v.sequence > ?1 ORDER BY v.sequence LIMIT ?2";
    sqlite3_stmt *statement = store_statement(s, sql, "load", sql, e);
    int64_t after = page->after, before = 0;
    struct store_event_row row;
    int result;

    if (!statement || (page->since > 0 && store_event_before(s, page->since, &before, e) < 0))
        return -1;
    if (after < 0 && last_sequence(s, &after, e) < 0)
        return -1;
    if (page->after < 0)
        after = page->since > 0 ? 0 : after - page->limit;
    sqlite3_bind_int64(statement, 1, after > before ? after : before);
    sqlite3_bind_int(statement, 2, page->limit);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        read_event(&row, statement);
        each(arg, &row);
    }
    if (result != SQLITE_DONE)
        store_failed(s, "reading events", e);
    store_done(statement);
    return result == SQLITE_DONE ? 0 : -1;
}
