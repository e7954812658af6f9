/* The schema, as the list of steps that made it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/table.h"

/*
 * PRAGMA user_version counts the migrations that a database has seen. One that has been released is never changed: a
 * table or column comes by a new one, together with the code that uses it (decisions 9). Times are UTC milliseconds,
 * 0 is "not yet"; an id is 16 bytes or NULL.
 */
static const char *const migrations[] = {
    "CREATE TABLE launch (id BLOB NOT NULL PRIMARY KEY, session BLOB, created INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, provider TEXT NOT NULL, spec TEXT NOT NULL, ref TEXT NOT NULL, image TEXT NOT NULL,"
    " host TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE INDEX launch_open ON launch (created) WHERE ended = 0;"

    "CREATE TABLE build (id BLOB NOT NULL PRIMARY KEY, created INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " image TEXT NOT NULL, repo_url TEXT NOT NULL, \"commit\" TEXT NOT NULL, ref TEXT NOT NULL, step TEXT NOT NULL,"
    " state TEXT NOT NULL, lane TEXT NOT NULL, restarts INTEGER NOT NULL, code INTEGER NOT NULL,"
    " text TEXT NOT NULL) STRICT;"
    "CREATE INDEX build_open ON build (created) WHERE ended = 0;"

    "CREATE TABLE image (id BLOB NOT NULL PRIMARY KEY, created INTEGER NOT NULL, used INTEGER NOT NULL,"
    " name TEXT NOT NULL UNIQUE, engine_id TEXT NOT NULL, key TEXT NOT NULL, lane TEXT NOT NULL) STRICT;"

    "CREATE TABLE session (id BLOB NOT NULL PRIMARY KEY, image BLOB, created INTEGER NOT NULL,"
    " answered INTEGER NOT NULL, ended INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, image_name TEXT NOT NULL,"
    " repo_url TEXT NOT NULL, ref_url TEXT NOT NULL, request TEXT NOT NULL, persistent_request TEXT NOT NULL,"
    " launch_host TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, code INTEGER NOT NULL,"
    " text TEXT NOT NULL) STRICT;"
    "CREATE INDEX session_open ON session (created) WHERE ended = 0;"
    "CREATE INDEX session_ended ON session (ended) WHERE ended > 0;"

    "CREATE TABLE container (id BLOB NOT NULL PRIMARY KEY, session BLOB NOT NULL REFERENCES session (id),"
    " created INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;"
    "CREATE INDEX container_open ON container (created) WHERE ended = 0;"

    "CREATE TABLE event (sequence INTEGER PRIMARY KEY AUTOINCREMENT, utc INTEGER NOT NULL, boot TEXT NOT NULL,"
    " monotonic INTEGER NOT NULL, kind TEXT NOT NULL, code INTEGER NOT NULL, launch BLOB, build BLOB, image BLOB,"
    " session BLOB, container BLOB, json TEXT) STRICT;",

    /* What the ids of a launch's events begin with (decisions 31). */
    "ALTER TABLE launch ADD COLUMN stream BLOB;"
    "CREATE INDEX launch_stream ON launch (stream) WHERE stream IS NOT NULL;",

    /* What builds take here is told to those that wait. */
    "ALTER TABLE build ADD COLUMN started INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX build_ended ON build (ended) WHERE ended > 0;",

    /* What is over is forgotten, a session with its containers. */
    "CREATE INDEX launch_ended ON launch (ended) WHERE ended > 0;"
    "CREATE INDEX container_session ON container (session);",
};
#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof migrations[0]))

static int version_of(struct store *s, int *out, struct err *e)
{
    sqlite3_stmt *statement;
    int result;

    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
        return store_failed(s, "reading the version", e);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int(statement, 0);
    else
        store_failed(s, "reading the version", e);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : -1;
}

static int write_version(struct store *s, int version, struct err *e)
{
    char sql[64];

    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    return store_exec(s, sql, e);
}

int store_write_version(struct store *s, struct err *e)
{
    return write_version(s, SCHEMA_VERSION, e);
}

static int migrate_once(struct store *s, int from, struct err *e)
{
    int result;

    if (store_begin(s, e) < 0)
        return -1;
    result = store_exec(s, migrations[from], e);
    if (result == 0)
        result = write_version(s, from + 1, e);
    if (result == 0)
        result = store_commit(s, e);
    store_rollback(s);
    return result;
}

int store_migrate(struct store *s, struct err *e)
{
    int version = 0;

    if (version_of(s, &version, e) < 0)
        return -1;
    if (version > SCHEMA_VERSION)
        return err_set(e, ERR_STORE_NEWER, "its version is %d, this Ringbinder knows %d at most", version,
                       SCHEMA_VERSION);
    for (; version < SCHEMA_VERSION; version++)
        if (migrate_once(s, version, e) < 0)
            return err_wrap(e, "migration %d", version + 1);
    return 0;
}
