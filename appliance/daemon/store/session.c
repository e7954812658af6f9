/* Rows of sessions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/rows.h"
#include "store/table.h"

static const struct store_column columns[] = {
    STORE_COLUMN(store_session, STORE_ID, id),
    STORE_COLUMN(store_session, STORE_ID, image),
    STORE_COLUMN(store_session, STORE_TIME, created),
    STORE_COLUMN(store_session, STORE_TIME, answered),
    STORE_COLUMN(store_session, STORE_TIME, ended),
    STORE_COLUMN(store_session, STORE_TEXT, name),
    STORE_COLUMN(store_session, STORE_TEXT, image_name),
    STORE_COLUMN(store_session, STORE_TEXT, repo_url),
    STORE_COLUMN(store_session, STORE_TEXT, ref_url),
    STORE_COLUMN(store_session, STORE_TEXT, request),
    STORE_COLUMN(store_session, STORE_TEXT, persistent_request),
    STORE_COLUMN(store_session, STORE_TEXT, launch_host),
    STORE_COLUMN(store_session, STORE_TEXT, step),
    STORE_COLUMN(store_session, STORE_TEXT, state),
    STORE_COLUMN(store_session, STORE_NUMBER, code),
    STORE_COLUMN(store_session, STORE_TEXT, text),
};
static const struct store_table table = {"session", columns, sizeof columns / sizeof columns[0],
                                         sizeof(struct store_session)};

int store_session_put(struct store *s, const struct store_session *row, struct err *e)
{
    return store_table_put(s, &table, row, e);
}

int store_session_step(struct store *s, const struct id *id, const char *step, struct err *e)
{
    return store_table_step(s, &table, id, step, e);
}

int store_session_get(struct store *s, const struct id *id, struct store_session *out, struct err *e)
{
    return store_table_get(s, &table, id, out, e);
}

static void call(const struct store_each *each, const void *row)
{
    ((void (*)(void *, const struct store_session *))each->function)(each->arg, row);
}

int store_session_load(struct store *s, void (*each)(void *arg, const struct store_session *row), void *arg,
                       struct err *e)
{
    return store_table_load(s, &table, &(struct store_each){call, (void (*)(void))each, arg}, e);
}

int store_session_load_ended(struct store *s, int newest, void (*each)(void *arg, const struct store_session *row),
                             void *arg, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "load_ended",
                                              "SELECT id FROM (SELECT id, ended FROM session WHERE ended > 0"
                                              " ORDER BY ended DESC LIMIT ?1) ORDER BY ended",
                                              e);

    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, newest);
    return store_table_each(s, &table, statement, &(struct store_each){call, (void (*)(void))each, arg}, e);
}
