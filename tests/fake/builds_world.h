/* A daemon's room of builds on an engine made of an array and a fetch that says what the test wants: for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_BUILDS_WORLD_H
#define TESTS_FAKE_BUILDS_WORLD_H

#include "build/build.h"
#include "builder.h"
#include "engine/ledger.h"
#include "fetch.h"
#include "loop/loop.h"
#include "store/store.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"

/* A daemon: what its room stands on, with virtual time. */
extern char folder[64], sock[80], state[80]; /* the test's own folder, fetch's socket and the state in it */
extern struct loop *loop;
extern struct store *store;
extern struct builds *builds;
extern struct build_settings settings; /* of the next open_room() */
extern struct ledger ledger;

/* What fetch says: its plan's lane, how many images that has, and what the first is made of. */
extern uint32_t lane, images;
extern const char *environment_bytes;
void answer(struct fake_fetch_peer *p, const struct wire_fetch_message *m);

/* Makes the test's folder and its loop; false when that fails. */
bool builds_world_begin(void);
/* Removes it; false when something is left in it. */
bool builds_world_end(void);

/* A room on an empty state, with the usual settings, and its end. */
void builds_begin(void);
void builds_end(void);
/* The next daemon's room, where the last one was freed. */
void open_room(void);
/* builds_begin(), with other settings. */
void open_with(void (*change)(struct build_settings *s));
void run_ms(int ms);

/* Who wants an image. */
struct result {
    int calls;
    struct err e;
    struct build_result image;
};
void took(void *arg, const struct err *e); /* `done` of a struct result */
extern const char *repo_url;               /* of what want() asks for */
struct op *want(struct result *r, const char *image);
struct result find(const char *image);
/* The whole log; to be freed. */
char *log_of(const char *image);

#endif
