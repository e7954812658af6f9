/* A kind of row as a list of columns: writing, reading and loading are made from it once. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/table.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define SQL_MAX 4096 /* bytes of a statement that is made here */

/* Of the disk's making, and not of one statement's. */
static bool is_of_disk(int result)
{
    switch (result & 0xff) { /* the primary code of an extended one */
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

int store_failed(struct store *s, const char *doing, struct err *e)
{
    if (is_of_disk(sqlite3_errcode(s->db)))
        store_judge(s, false);
    return err_set(e, ERR_STORE_FAILED, "%s: %s", doing, sqlite3_errmsg(s->db));
}

int store_exec(struct store *s, const char *sql, struct err *e)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return store_failed(s, sql, e);
    return 0;
}

static sqlite3_stmt *find_statement(const struct store *s, const void *table, const char *verb)
{
    for (size_t i = 0; i < s->kept; i++)
        if (s->statements[i].table == table && str_is(s->statements[i].verb, verb))
            return s->statements[i].statement;
    return NULL;
}

sqlite3_stmt *store_statement(struct store *s, const void *table, const char *verb, const char *sql, struct err *e)
{
    sqlite3_stmt *statement = find_statement(s, table, verb);

    if (statement)
        return statement;
    if (s->kept == STORE_STATEMENTS_MAX)
        abort();
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
        store_failed(s, sql, e);
        return NULL;
    }
    s->statements[s->kept].table = table;
    s->statements[s->kept].verb = verb;
    s->statements[s->kept++].statement = statement;
    return statement;
}

void store_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int store_run(struct store *s, sqlite3_stmt *statement, const char *doing, struct err *e)
{
    int result = sqlite3_step(statement);

    if (result != SQLITE_DONE)
        store_failed(s, doing, e);
    store_done(statement);
    return result == SQLITE_DONE ? 0 : -1;
}

void store_bind_id(sqlite3_stmt *statement, int at, const struct id *id)
{
    if (id && !id_is_none(id))
        sqlite3_bind_blob(statement, at, id->bytes, sizeof id->bytes, SQLITE_TRANSIENT);
}

static void bind_column(sqlite3_stmt *statement, int at, const struct store_column *column, const void *row)
{
    const char *field = (const char *)row + column->at;

    switch (column->type) {
    case STORE_ID:
        store_bind_id(statement, at, (const struct id *)field);
        break;
    case STORE_TIME:
        sqlite3_bind_int64(statement, at, *(const int64_t *)field);
        break;
    case STORE_NUMBER:
        sqlite3_bind_int(statement, at, *(const int *)field);
        break;
    case STORE_TEXT:
        sqlite3_bind_text(statement, at, field, (int)strnlen(field, column->room - 1), SQLITE_TRANSIENT);
        break;
    }
}

void store_read_id(struct id *out, sqlite3_stmt *statement, int at)
{
    *out = (struct id){0};
    if (sqlite3_column_bytes(statement, at) == sizeof out->bytes)
        memcpy(out->bytes, sqlite3_column_blob(statement, at), sizeof out->bytes);
}

static void read_column(sqlite3_stmt *statement, int at, const struct store_column *column, void *row)
{
    char *field = (char *)row + column->at;
    const char *text;

    switch (column->type) {
    case STORE_ID:
        store_read_id((struct id *)field, statement, at);
        break;
    case STORE_TIME:
        *(int64_t *)field = sqlite3_column_int64(statement, at);
        break;
    case STORE_NUMBER:
        *(int *)field = sqlite3_column_int(statement, at);
        break;
    case STORE_TEXT:
        text = (const char *)sqlite3_column_text(statement, at);
        str_copy(field, column->room, text ? text : "");
        break;
    }
}

/* The statement of a verb that every table has. */
static sqlite3_stmt *table_statement(struct store *s, const struct store_table *t, const char *verb,
                                     void (*write)(struct buf *sql, const struct store_table *t), struct err *e)
{
    cleanup_buf struct buf sql = BUF_OF(SQL_MAX);
    sqlite3_stmt *statement = find_statement(s, t, verb);

    if (statement)
        return statement;
    write(&sql, t);
    return store_statement(s, t, verb, buf_text(&sql), e);
}

/* An upsert, not REPLACE: that would delete the old row and with it what refers to it. */
static void put_sql(struct buf *sql, const struct store_table *t)
{
    buf_add_format(sql, "INSERT INTO %s", t->name);
    for (size_t i = 0; i < t->count; i++)
        buf_add_format(sql, "%s\"%s\"", i ? "," : " (", t->columns[i].name);
    for (size_t i = 0; i < t->count; i++)
        buf_add_format(sql, "%s?%zu", i ? "," : ") VALUES (", i + 1);
    buf_add_text(sql, ") ON CONFLICT (id) DO UPDATE SET ");
    for (size_t i = 1; i < t->count; i++)
        buf_add_format(sql, "%s\"%s\"=?%zu", i > 1 ? "," : "", t->columns[i].name, i + 1);
}

int store_table_put(struct store *s, const struct store_table *t, const void *row, struct err *e)
{
    sqlite3_stmt *statement = table_statement(s, t, "put", put_sql, e);

    if (!statement)
        return -1;
    for (size_t i = 0; i < t->count; i++)
        bind_column(statement, (int)i + 1, &t->columns[i], row);
    return store_run(s, statement, t->name, e);
}

static void step_sql(struct buf *sql, const struct store_table *t)
{
    buf_add_format(sql, "UPDATE %s SET step = ?2 WHERE id = ?1", t->name);
}

int store_table_step(struct store *s, const struct store_table *t, const struct id *id, const char *step, struct err *e)
{
    sqlite3_stmt *statement = table_statement(s, t, "step", step_sql, e);

    if (!statement)
        return -1;
    store_bind_id(statement, 1, id);
    sqlite3_bind_text(statement, 2, step, (int)strnlen(step, STORE_WORD_MAX), SQLITE_TRANSIENT);
    return store_run(s, statement, t->name, e);
}

static void get_sql(struct buf *sql, const struct store_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        buf_add_format(sql, "%s\"%s\"", i ? "," : "SELECT ", t->columns[i].name);
    buf_add_format(sql, " FROM %s WHERE id = ?1", t->name);
}

int store_table_get(struct store *s, const struct store_table *t, const struct id *id, void *row, struct err *e)
{
    sqlite3_stmt *statement = table_statement(s, t, "get", get_sql, e);
    int result;

    if (!statement)
        return -1;
    store_bind_id(statement, 1, id);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        for (size_t i = 0; i < t->count; i++)
            read_column(statement, (int)i, &t->columns[i], row);
    else if (result != SQLITE_DONE)
        store_failed(s, t->name, e);
    store_done(statement);
    return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : -1;
}

struct id_list {
    struct id *items;
    size_t count, room;
};

static int list_ids(struct store *s, sqlite3_stmt *statement, struct id_list *list, struct err *e)
{
    int result;

    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (list->count == list->room) {
            list->room = list->room ? list->room * 2 : 64;
            list->items = mem_resize(list->items, list->room, sizeof *list->items);
        }
        store_read_id(&list->items[list->count++], statement, 0);
    }
    if (result != SQLITE_DONE)
        store_failed(s, "reading ids", e);
    store_done(statement);
    return result == SQLITE_DONE ? 0 : -1;
}

int store_table_first(struct store *s, const struct store_table *t, sqlite3_stmt *statement, void *row, struct err *e)
{
    struct id_list list = {0};
    int found = list_ids(s, statement, &list, e);

    if (found == 0 && list.count > 0)
        found = store_table_get(s, t, &list.items[0], row, e);
    free(list.items);
    return found;
}

int store_table_each(struct store *s, const struct store_table *t, sqlite3_stmt *statement,
                     const struct store_each *each, struct err *e)
{
    cleanup_free void *row = mem_zero(1, t->row_bytes);
    struct id_list list = {0};
    int result = list_ids(s, statement, &list, e);

    for (size_t i = 0; result == 0 && i < list.count; i++) {
        int found = store_table_get(s, t, &list.items[i], row, e);

        if (found > 0)
            each->call(each, row);
        else if (found < 0)
            result = -1;
    }
    free(list.items);
    return result;
}

static void load_sql(struct buf *sql, const struct store_table *t)
{
    buf_add_format(sql, "SELECT id FROM %s WHERE ended = 0 ORDER BY created, rowid", t->name);
}

int store_table_load(struct store *s, const struct store_table *t, const struct store_each *each, struct err *e)
{
    sqlite3_stmt *statement = table_statement(s, t, "load", load_sql, e);

    return statement ? store_table_each(s, t, statement, each, e) : -1;
}
