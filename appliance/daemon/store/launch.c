/* Rows of launches. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/rows.h"
#include "store/table.h"

static const struct store_column columns[] = {
    STORE_COLUMN(store_launch, STORE_ID, id),         STORE_COLUMN(store_launch, STORE_ID, session),
    STORE_COLUMN(store_launch, STORE_TIME, created),  STORE_COLUMN(store_launch, STORE_TIME, ended),
    STORE_COLUMN(store_launch, STORE_TEXT, provider), STORE_COLUMN(store_launch, STORE_TEXT, spec),
    STORE_COLUMN(store_launch, STORE_TEXT, ref),      STORE_COLUMN(store_launch, STORE_TEXT, image),
    STORE_COLUMN(store_launch, STORE_TEXT, host),     STORE_COLUMN(store_launch, STORE_TEXT, step),
    STORE_COLUMN(store_launch, STORE_TEXT, state),    STORE_COLUMN(store_launch, STORE_NUMBER, code),
    STORE_COLUMN(store_launch, STORE_TEXT, text),     STORE_COLUMN(store_launch, STORE_ID, stream),
};
static const struct store_table table = {"launch", columns, sizeof columns / sizeof columns[0],
                                         sizeof(struct store_launch)};

int store_launch_put(struct store *s, const struct store_launch *row, struct err *e)
{
    return store_table_put(s, &table, row, e);
}

int store_launch_step(struct store *s, const struct id *id, const char *step, struct err *e)
{
    return store_table_step(s, &table, id, step, e);
}

int store_launch_by_stream(struct store *s, const struct id *stream, struct store_launch *out, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "by stream", "SELECT id FROM launch WHERE stream = ?1", e);

    if (!statement)
        return -1;
    store_bind_id(statement, 1, stream);
    return store_table_first(s, &table, statement, out, e);
}

static void call(const struct store_each *each, const void *row)
{
    ((void (*)(void *, const struct store_launch *))each->function)(each->arg, row);
}

int store_launch_load(struct store *s, void (*each)(void *arg, const struct store_launch *row), void *arg,
                      struct err *e)
{
    return store_table_load(s, &table, &(struct store_each){call, (void (*)(void))each, arg}, e);
}
