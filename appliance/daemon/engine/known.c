/* Which id the engine gave to the container of a row. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/known.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/mem.h"
#include "base/str.h"

#define ENGINE_ID_MAX 65 /* 64 hex digits and a NUL */

struct known_container {
    struct id row;
    char engine_id[ENGINE_ID_MAX];
    UT_hash_handle hh;
};

static struct known_container *find(const struct engine *en, const struct id *row)
{
    struct known_container *known;

    HASH_FIND(hh, en->known, row, sizeof *row, known);
    return known;
}

void known_set(struct engine *en, const struct id *row, const char *engine_id)
{
    struct known_container *known = find(en, row);

    if (!known) {
        known = mem_zero(1, sizeof *known);
        known->row = *row;
        HASH_ADD(hh, en->known, row, sizeof known->row, known);
    }
    str_copy(known->engine_id, sizeof known->engine_id, engine_id);
}

static void drop(struct engine *en, struct known_container *known)
{
    HASH_DEL(en->known, known);
    free(known);
}

void known_forget(struct engine *en, const struct id *row)
{
    struct known_container *known = find(en, row);

    if (known)
        drop(en, known);
}

void known_clear(struct engine *en)
{
    struct known_container *known, *next;

    HASH_ITER (hh, en->known, known, next)
        drop(en, known);
}

const char *known_find(const struct engine *en, const struct id *row)
{
    const struct known_container *known = find(en, row);

    return known ? known->engine_id : NULL;
}
