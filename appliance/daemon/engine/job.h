/* An op of this room that is a flow of questions. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include "engine/ask.h"
#include "loop/flow.h"

/*
 * A step asks one question; the next one reads its answer. A kind names its steps and has job_end as its end; it
 * commits nothing, because the rows of who asked say what is wanted.
 */
struct job {
    struct op op;
    struct flow flow;
    struct engine *engine;
    struct engine_answer answer; /* to the last question */
    char *name;                  /* of what is asked about; owned */
    char *text;                  /* a body, a second name; owned; NULL: none */
    void *out;                   /* where the result goes; the caller's */
    struct done done;
};

/* A job that has not begun: fill name and text, then job_start(). */
struct job *job_new(struct engine *en, void *out, struct done done);
struct op *job_start(struct job *job, const struct flow_kind *kind);
void job_end(struct flow *f, const struct err *e);

struct job *job_of(struct flow *f);

/* A step's last line: asks, with `body` (JSON or NULL); format and name as engine_path() has them. */
enum flow_result job_ask(struct flow *f, const char *method, const char *body, const char *format, const char *name);

/* The same for a list of what carries our instance's label: the filter stands for the path's one %s. */
enum flow_result job_ask_own(struct flow *f, const char *format);

/* A body: the text of `json`, which is released; to be freed. */
char *job_body(json_t *json);

/* A recover function: what is not there needs nothing more. */
enum flow_result job_bear_missing(struct flow *f, struct err *e);

#endif
