/* Rows of builds. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/rows.h"
#include "store/table.h"

static const struct store_column columns[] = {
    STORE_COLUMN(store_build, STORE_ID, id),           STORE_COLUMN(store_build, STORE_TIME, created),
    STORE_COLUMN(store_build, STORE_TIME, ended),      STORE_COLUMN(store_build, STORE_TEXT, image),
    STORE_COLUMN(store_build, STORE_TEXT, repo_url),   STORE_COLUMN(store_build, STORE_TEXT, commit),
    STORE_COLUMN(store_build, STORE_TEXT, ref),        STORE_COLUMN(store_build, STORE_TEXT, step),
    STORE_COLUMN(store_build, STORE_TEXT, state),      STORE_COLUMN(store_build, STORE_TEXT, lane),
    STORE_COLUMN(store_build, STORE_NUMBER, restarts), STORE_COLUMN(store_build, STORE_NUMBER, code),
    STORE_COLUMN(store_build, STORE_TEXT, text),       STORE_COLUMN(store_build, STORE_TIME, started),
};
static const struct store_table table = {"build", columns, sizeof columns / sizeof columns[0],
                                         sizeof(struct store_build)};

int store_build_put(struct store *s, const struct store_build *row, struct err *e)
{
    return store_table_put(s, &table, row, e);
}

int store_build_step(struct store *s, const struct id *id, const char *step, struct err *e)
{
    return store_table_step(s, &table, id, step, e);
}

static void call(const struct store_each *each, const void *row)
{
    ((void (*)(void *, const struct store_build *))each->function)(each->arg, row);
}

int store_build_load(struct store *s, void (*each)(void *arg, const struct store_build *row), void *arg, struct err *e)
{
    return store_table_load(s, &table, &(struct store_each){call, (void (*)(void))each, arg}, e);
}

int store_build_load_ended(struct store *s, const struct store_ended *which,
                           void (*each)(void *arg, const struct store_build *row), void *arg, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "load_ended",
                                              "SELECT id FROM (SELECT id, ended FROM build WHERE ended > 0"
                                              " AND state = ?2 ORDER BY ended DESC LIMIT ?1) ORDER BY ended",
                                              e);

    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, which->newest);
    sqlite3_bind_text(statement, 2, which->state, -1, SQLITE_TRANSIENT);
    return store_table_each(s, &table, statement, &(struct store_each){call, (void (*)(void))each, arg}, e);
}

int store_build_load_newest(struct store *s, int newest, void (*each)(void *arg, const struct store_build *row),
                            void *arg, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "load_newest",
                                              "SELECT id FROM build WHERE ended > 0 ORDER BY ended DESC LIMIT ?1", e);

    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, newest);
    return store_table_each(s, &table, statement, &(struct store_each){call, (void (*)(void))each, arg}, e);
}
