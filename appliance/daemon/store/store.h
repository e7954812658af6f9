/* The state on disk: opening it and transactions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/cleanup.h"

/*
 * SQLite in WAL mode on the daemon's one thread (20 us a commit). Only this room sees SQL; it does not know what a
 * state or a step means: they are text. Every function that writes works inside the transaction that is open, or makes
 * one for itself. Errors: ERR_STORE_FAILED (SQLite's reason), ERR_STORE_NEWER (made by a newer Ringbinder). A disk that
 * is full or read-only is such an error, each time again; the first write that succeeds ends it.
 */
struct store;

#define STORE_URL_MAX 1024
#define STORE_SPEC_MAX 2048
#define STORE_NAME_MAX 511
#define STORE_WORD_MAX 31  /* a state, a step, a lane */
#define STORE_TEXT_MAX 511 /* why something ended */

/* Opens or makes `path`, brings it up to this version. One process at a time: ERR_STORE_LOCKED says who has it. */
int store_open(struct store **out, const char *path, struct err *e) ERR_CHECKED;
void store_close(struct store **s);

/* Whether it can be written: what the last write said, and where that is older than STORE_TRY_MS, a write that changes
 * nothing. The journal hears when that turns. Not within a transaction. */
#define STORE_TRY_MS 5000
bool store_usable(struct store *s);

/* Transactions do not nest. A rollback without a transaction does nothing, so that it can be a cleanup. */
int store_begin(struct store *s, struct err *e) ERR_CHECKED;
int store_commit(struct store *s, struct err *e) ERR_CHECKED;
void store_rollback(struct store *s);

static inline void cleanup_rollback_at(struct store **s)
{
    if (*s)
        store_rollback(*s);
}
/* `cleanup_rollback struct store *open = s;` after store_begin(); harmless after store_commit(). */
#define cleanup_rollback CLEANUP(cleanup_rollback_at)

#endif
