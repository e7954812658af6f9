/* What is over for long is forgotten. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/forget.h"

#include <sqlite3.h>

#include "store/event.h"
#include "store/table.h"

/* ?1: the time, for events the last sequence; ?2: how many at most. Containers go with their sessions, before them. */
static const char *const statements[] = {
    "DELETE FROM event WHERE sequence <= ?1 AND sequence < (SELECT min(sequence) FROM event) + ?2",
    "DELETE FROM launch WHERE id IN"
    " (SELECT id FROM launch WHERE ended > 0 AND ended < ?1 ORDER BY ended LIMIT ?2)",
    "DELETE FROM build WHERE id IN (SELECT id FROM build WHERE ended > 0 AND ended < ?1 ORDER BY ended LIMIT ?2)",
    "DELETE FROM container WHERE session IN"
    " (SELECT id FROM session WHERE ended > 0 AND ended < ?1 ORDER BY ended LIMIT ?2)",
    "DELETE FROM session WHERE id IN"
    " (SELECT id FROM session WHERE ended > 0 AND ended < ?1 ORDER BY ended LIMIT ?2)",
};

/* How many rows went, or -1. */
static int forget_some(struct store *s, const char *sql, int64_t until, int most, struct err *e)
{
    sqlite3_stmt *statement = store_statement(s, sql, "forget", sql, e);

    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, until);
    sqlite3_bind_int(statement, 2, most);
    return store_run(s, statement, "forgetting", e) < 0 ? -1 : sqlite3_changes(s->db);
}

int store_forget(struct store *s, int64_t before, int most, struct err *e)
{
    cleanup_rollback struct store *open = NULL;
    int64_t sequence;
    int count = 0;

    if (store_event_before(s, before, &sequence, e) < 0 || store_begin(s, e) < 0)
        return -1;
    open = s;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        int went = forget_some(s, statements[i], i ? before : sequence, most, e);

        if (went < 0)
            return -1;
        count += went;
    }
    return store_commit(s, e) < 0 ? -1 : count;
}
