/* A kind of row as a list of columns: writing, reading and loading are made from it once. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include <stddef.h>
#include <sqlite3.h>

#include "base/id.h"
#include "store/store.h"

/* The room's own header: SQL goes no further than this folder. */
#define STORE_STATEMENTS_MAX 64 /* kept prepared; the room has fewer, more is a fault of ours and aborts */

struct store {
    sqlite3 *db;
    int lock; /* descriptor of the lock file */
    char boot[64];
    bool failing;   /* the last write did not reach the disk */
    int64_t judged; /* when that was, clock_ms() */
    size_t kept;
    struct {
        const void *table; /* whose it is, and what it does there */
        const char *verb;
        sqlite3_stmt *statement;
    } statements[STORE_STATEMENTS_MAX];
};

enum store_column_type {
    STORE_ID,     /* struct id; "none" is NULL */
    STORE_TIME,   /* int64_t */
    STORE_NUMBER, /* int */
    STORE_TEXT,   /* char[room] */
};

struct store_column {
    const char *name;
    enum store_column_type type;
    size_t at, room;
};

struct store_table {
    const char *name;
    const struct store_column *columns; /* the first is the id */
    size_t count, row_bytes;
};

#define STORE_COLUMN(row, type, field)                                                                                 \
    {                                                                                                                  \
#field, type, offsetof(struct row, field), sizeof(((struct row *)0)->field)                                    \
    }

/* ERR_STORE_FAILED with SQLite's reason. */
int store_failed(struct store *s, const char *doing, struct err *e);
/* What a write has shown about the disk. */
void store_judge(struct store *s, bool well);
int store_exec(struct store *s, const char *sql, struct err *e) ERR_CHECKED;

/* Brings the database up to this version (migrate.c). */
int store_migrate(struct store *s, struct err *e) ERR_CHECKED;
/* Writes the version of this version's schema: a write that changes nothing, once the state is migrated. */
int store_write_version(struct store *s, struct err *e) ERR_CHECKED;

/* The prepared statement of a table's verb, made from `sql` at its first use; reset and without values. NULL: *e. */
sqlite3_stmt *store_statement(struct store *s, const void *table, const char *verb, const char *sql, struct err *e);
/* Runs one that gives no rows. */
int store_run(struct store *s, sqlite3_stmt *statement, const char *doing, struct err *e) ERR_CHECKED;
void store_bind_id(sqlite3_stmt *statement, int at, const struct id *id);
/* NULL and what is no id give none. */
void store_read_id(struct id *to, sqlite3_stmt *statement, int at);
/* Resets it and drops its values: before it may be used again. */
void store_done(sqlite3_stmt *statement);

int store_table_put(struct store *s, const struct store_table *t, const void *row, struct err *e) ERR_CHECKED;
/* Sets one text of the row with that id. */
int store_table_step(struct store *s, const struct store_table *t, const struct id *id, const char *step,
                     struct err *e) ERR_CHECKED;
/* 1 found, 0 not there, -1 error. */
int store_table_get(struct store *s, const struct store_table *t, const struct id *id, void *row,
                    struct err *e) ERR_CHECKED;
/* The same for the row that `statement`, whose first column is an id, gives first. */
int store_table_first(struct store *s, const struct store_table *t, sqlite3_stmt *statement, void *row,
                      struct err *e) ERR_CHECKED;

/* What a load calls for each row; `call` gets `function` back, whose type only the row's file knows. */
struct store_each {
    void (*call)(const struct store_each *each, const void *row);
    void (*function)(void);
    void *arg;
};
/* `statement` gives ids in its first column; the rows are read once all ids are there, so that `each` may write. */
int store_table_each(struct store *s, const struct store_table *t, sqlite3_stmt *statement,
                     const struct store_each *each, struct err *e) ERR_CHECKED;
/* Every row that has not ended, oldest first. */
int store_table_load(struct store *s, const struct store_table *t, const struct store_each *each,
                     struct err *e) ERR_CHECKED;

#endif
