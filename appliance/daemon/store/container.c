/* Rows of containers. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/rows.h"
#include "store/table.h"

static const struct store_column columns[] = {
    STORE_COLUMN(store_container, STORE_ID, id),
    STORE_COLUMN(store_container, STORE_ID, session),
    STORE_COLUMN(store_container, STORE_TIME, created),
    STORE_COLUMN(store_container, STORE_TIME, ended),
};
static const struct store_table table = {"container", columns, sizeof columns / sizeof columns[0],
                                         sizeof(struct store_container)};

int store_container_put(struct store *s, const struct store_container *row, struct err *e)
{
    return store_table_put(s, &table, row, e);
}

int store_container_get(struct store *s, const struct id *id, struct store_container *out, struct err *e)
{
    return store_table_get(s, &table, id, out, e);
}

static void call(const struct store_each *each, const void *row)
{
    ((void (*)(void *, const struct store_container *))each->function)(each->arg, row);
}

int store_container_load(struct store *s, void (*each)(void *arg, const struct store_container *row), void *arg,
                         struct err *e)
{
    return store_table_load(s, &table, &(struct store_each){call, (void (*)(void))each, arg}, e);
}
