/* The five kinds of row. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "store/store.h"

/* Rows are values, nothing in them is to be freed. Times are UTC milliseconds, 0: not yet. Texts that are too long
 * are cut. "put" inserts the row or replaces the one with its id; "step" of a row that is not there does nothing;
 * "get" returns 1 found, 0 not there (*out untouched), -1 error. "load" calls `each` for every row that has not ended,
 * oldest first; `each` may write. */

struct store_launch {
    struct id id, session; /* session: none until one was asked for */
    struct id stream;      /* what the ids of its events begin with: a secret, since they lead to its session */
    int64_t created, ended;
    char provider[STORE_WORD_MAX + 1], spec[STORE_SPEC_MAX + 1];
    char ref[256];                  /* the commit, once resolved */
    char image[STORE_NAME_MAX + 1]; /* name, once resolved */
    char host[STORE_URL_MAX + 1];   /* binder_launch_host */
    char step[STORE_WORD_MAX + 1], state[STORE_WORD_MAX + 1];
    int code; /* of codes.def, 0: none */
    char text[STORE_TEXT_MAX + 1];
};
int store_launch_put(struct store *s, const struct store_launch *row, struct err *e) ERR_CHECKED;
int store_launch_step(struct store *s, const struct id *id, const char *step, struct err *e) ERR_CHECKED;
int store_launch_by_stream(struct store *s, const struct id *stream, struct store_launch *out,
                           struct err *e) ERR_CHECKED;
int store_launch_load(struct store *s, void (*each)(void *arg, const struct store_launch *row), void *arg,
                      struct err *e) ERR_CHECKED;

struct store_build {
    struct id id;
    int64_t created, started, ended; /* started: it left the queue, the last time */
    char image[STORE_NAME_MAX + 1];  /* name */
    char repo_url[STORE_URL_MAX + 1], commit[256], ref[256];
    char step[STORE_WORD_MAX + 1], state[STORE_WORD_MAX + 1], lane[STORE_WORD_MAX + 1];
    int restarts; /* a cut build starts again once (decisions 11) */
    int code;
    char text[STORE_TEXT_MAX + 1];
};
int store_build_put(struct store *s, const struct store_build *row, struct err *e) ERR_CHECKED;
int store_build_step(struct store *s, const struct id *id, const char *step, struct err *e) ERR_CHECKED;
int store_build_load(struct store *s, void (*each)(void *arg, const struct store_build *row), void *arg,
                     struct err *e) ERR_CHECKED;
struct store_ended {
    const char *state;
    int newest; /* how many */
};
/* The newest of those that have ended in that state, oldest first. */
int store_build_load_ended(struct store *s, const struct store_ended *which,
                           void (*each)(void *arg, const struct store_build *row), void *arg,
                           struct err *e) ERR_CHECKED;
/* The `newest` of all that have ended, the newest first. */
int store_build_load_newest(struct store *s, int newest, void (*each)(void *arg, const struct store_build *row),
                            void *arg, struct err *e) ERR_CHECKED;

struct store_image {
    struct id id;
    int64_t created, used;
    char name[STORE_NAME_MAX + 1]; /* unique: a put with another row's name fails */
    char engine_id[72];            /* "sha256:..." */
    char key[65];                  /* of an environment: SHA-256 of the bytes posted; "" for content */
    char lane[STORE_WORD_MAX + 1];
};
int store_image_put(struct store *s, const struct store_image *row, struct err *e) ERR_CHECKED;
int store_image_get(struct store *s, const struct id *id, struct store_image *out, struct err *e) ERR_CHECKED;
int store_image_by_name(struct store *s, const char *name, struct store_image *out, struct err *e) ERR_CHECKED;
int store_image_drop(struct store *s, const struct id *id, struct err *e) ERR_CHECKED;
/* The `newest` by their last launch, the newest first. */
int store_image_load_newest(struct store *s, int newest, void (*each)(void *arg, const struct store_image *row),
                            void *arg, struct err *e) ERR_CHECKED;

struct store_session {
    struct id id, image;
    int64_t created, answered, ended;
    char name[65], image_name[STORE_NAME_MAX + 1];
    char repo_url[STORE_URL_MAX + 1], ref_url[STORE_URL_MAX + 1];
    char request[STORE_SPEC_MAX + 1], persistent_request[STORE_SPEC_MAX + 1], launch_host[STORE_URL_MAX + 1];
    char step[STORE_WORD_MAX + 1], state[STORE_WORD_MAX + 1];
    int code;
    char text[STORE_TEXT_MAX + 1];
};
int store_session_put(struct store *s, const struct store_session *row, struct err *e) ERR_CHECKED;
int store_session_step(struct store *s, const struct id *id, const char *step, struct err *e) ERR_CHECKED;
int store_session_get(struct store *s, const struct id *id, struct store_session *out, struct err *e) ERR_CHECKED;
int store_session_load(struct store *s, void (*each)(void *arg, const struct store_session *row), void *arg,
                       struct err *e) ERR_CHECKED;
/* The `newest` of those that have ended, oldest first. */
int store_session_load_ended(struct store *s, int newest, void (*each)(void *arg, const struct store_session *row),
                             void *arg, struct err *e) ERR_CHECKED;

struct store_container {
    struct id id, session;
    int64_t created, ended; /* ended: it is not wanted any more; the sweeper removes what is left */
};
int store_container_put(struct store *s, const struct store_container *row, struct err *e) ERR_CHECKED;
int store_container_get(struct store *s, const struct id *id, struct store_container *out, struct err *e) ERR_CHECKED;
int store_container_load(struct store *s, void (*each)(void *arg, const struct store_container *row), void *arg,
                         struct err *e) ERR_CHECKED;

#endif
