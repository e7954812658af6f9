/* Rows of images. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/rows.h"
#include "store/table.h"

static const struct store_column columns[] = {
    STORE_COLUMN(store_image, STORE_ID, id),          STORE_COLUMN(store_image, STORE_TIME, created),
    STORE_COLUMN(store_image, STORE_TIME, used),      STORE_COLUMN(store_image, STORE_TEXT, name),
    STORE_COLUMN(store_image, STORE_TEXT, engine_id), STORE_COLUMN(store_image, STORE_TEXT, key),
    STORE_COLUMN(store_image, STORE_TEXT, lane),
};
static const struct store_table table = {"image", columns, sizeof columns / sizeof columns[0],
                                         sizeof(struct store_image)};

int store_image_put(struct store *s, const struct store_image *row, struct err *e)
{
    return store_table_put(s, &table, row, e);
}

int store_image_get(struct store *s, const struct id *id, struct store_image *out, struct err *e)
{
    return store_table_get(s, &table, id, out, e);
}

int store_image_by_name(struct store *s, const char *name, struct store_image *out, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "by_name", "SELECT id FROM image WHERE name = ?1", e);

    if (!statement)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
    return store_table_first(s, &table, statement, out, e);
}

int store_image_drop(struct store *s, const struct id *id, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, &table, "drop", "DELETE FROM image WHERE id = ?1", e);

    if (!statement)
        return -1;
    store_bind_id(statement, 1, id);
    return store_run(s, statement, "image", e);
}

static void call(const struct store_each *each, const void *row)
{
    ((void (*)(void *, const struct store_image *))each->function)(each->arg, row);
}

int store_image_load_newest(struct store *s, int newest, void (*each)(void *arg, const struct store_image *row),
                            void *arg, struct err *e)
{
    sqlite3_stmt *statement =
        store_statement(s, &table, "load_newest", "SELECT id FROM image ORDER BY used DESC, created DESC LIMIT ?1", e);

    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, newest);
    return store_table_each(s, &table, statement, &(struct store_each){call, (void (*)(void))each, arg}, e);
}
