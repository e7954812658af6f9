/* One question to the engine, with its version, its errors and its JSON. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_ASK_H
#define ENGINE_ASK_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "loop/op.h"

struct engine;

#define ENGINE_ANSWER_MAX ((size_t)8 * 1024 * 1024) /* bytes; a list of 4,000 containers */
#define ENGINE_LIMIT_MS 60000
#define ENGINE_NO_LIMIT (-1) /* for streams */

struct engine_question {
    const char *method;         /* "GET", "POST", "DELETE" */
    const char *path;           /* "/containers/json?all=1": behind the version, which is put in front; URL-encoded */
    const char *body;           /* JSON, copied; NULL: none, or pull */
    const char *const *headers; /* ends with NULL; NULL: none. A body of JSON has its Content-Type without it */
    ssize_t (*pull)(void *arg, void *to, size_t room);       /* a streamed body, as in outbound.h */
    void (*chunk)(void *arg, const char *bytes, size_t len); /* a streamed answer, as in outbound.h */
    void *arg;                                               /* of pull and chunk */
    int limit_ms;                                            /* 0: ENGINE_LIMIT_MS */
    bool unversioned;                                        /* before the version is known */
    bool alone;                                              /* on a connection of its own */
};

/* Zero is an empty one. */
struct engine_answer {
    int status;      /* 0: there was no answer */
    struct buf body; /* at most ENGINE_ANSWER_MAX; also of an answer that became an error */
};
void engine_answer_free(struct engine_answer *a);

/*
 * op.h's shape. Errors: ERR_ENGINE_GONE (also while the version is not known yet), ERR_ENGINE_MISSING (404),
 * ERR_ENGINE_REFUSED (400 and above, with the engine's `message`), ERR_DEADLINE, ERR_TOO_LARGE. *out is emptied first.
 */
struct op *engine_ask(struct engine *en, const struct engine_question *question, struct engine_answer *out,
                      struct done done);

/* There are bytes again, after pull() has said -1. */
void engine_ask_more(struct op *question);

/* The answer's JSON, to be released (json_auto_t does). Errors: ERR_ENGINE_ODD. */
int engine_answer_json(json_t **out, const struct engine_answer *a, struct err *e) ERR_CHECKED;
/* The same, and it is an array; `of`: what it lists, in the error. */
int engine_answer_list(json_t **out, const struct engine_answer *a, const char *of, struct err *e) ERR_CHECKED;

/* A question's path: `format` with `name`, URL-encoded but for "/" and ":", for its one %s; to be freed. */
char *engine_path(const char *format, const char *name);

#endif
