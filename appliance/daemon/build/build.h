/* Builds: one image name each, from a repository to an image. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "loop/op.h"

/*
 * A build belongs to the daemon, never to a browser: one build for each image name, any number of watchers, each with
 * the whole log (build/log.h). It goes on when its watchers leave, until the time is over in which one might come back.
 * Cancelling an op of build_want() stops waiting for the build, not the build.
 */
struct builds;
struct build_log;
struct loop;
struct store;
struct engine;
struct ledger;
struct store_build; /* store/rows.h */

/* What the room stands on; all of it outlives the room. */
struct build_parts {
    struct loop *loop;
    struct store *store;
    struct engine *engine;
    struct ledger *ledger; /* of this machine's memory */
};

struct build_settings {
    const char *fetch_socket;   /* path of fetch.sock */
    const char *folder;         /* for logs and spooled contexts; exists, is ours alone */
    const char *base;           /* image name of the debian base */
    const char *ca_bundle;      /* path handed to builds, NULL: none (decisions 26) */
    const char *bases, *hidden; /* images that a Dockerfile may name, and may not (plan/settings.h) */
    int64_t repository_max;     /* bytes */
    int64_t step_memory;        /* bytes; a build waits until so much is free (ENGINE_CAN_LIMIT_STEPS) */
    int step_processes;         /* the same */
    int at_a_time;              /* builds that run; the rest waits in order */
    int limit_s;                /* of one build */
    int progress_ms;            /* one without a line or a byte for so long is stopped */
    int abandon_ms;             /* so is one that nobody has watched for so long */
    int failed_keep_ms;         /* so long a failed build answers for the next request of its image */
    int64_t disk_bytes;         /* below that much free disk, or the part of it, none begins */
    int disk_percent;
    int resolve_limit_ms, resolve_keep_ms; /* of one resolution; how long an answer is kept (decisions 34) */
};

int builds_new(struct builds **out, const struct build_parts *parts, const struct build_settings *settings,
               struct err *e) ERR_CHECKED;
void builds_free(struct builds **all);

struct build_question {
    const char *provider, *spec; /* prefix; raw spec */
    const char *token;           /* NULL: none */
    const char *site, *api;      /* of the provider's host (provider/provider.h); NULL: it has none */
};
/* `ref` receives the commit, or "" where there is no such ref. Errors, with a text for the visitor: ERR_RESOLVE_...,
 * ERR_FETCH_..., ERR_DEADLINE. */
struct op *build_resolve(struct builds *all, const struct build_question *q, char ref[256], struct done done);

struct build_spec {
    const char *image; /* name and tag (contract 3.5) */
    const char *repo_url, *commit;
    const char *ref; /* unresolved */
};
struct build_result {
    struct id image; /* row */
};

/* Whether an image of that name is there with the labels that it must have (decisions 24); out->image is "none" if not.
 */
struct op *build_image_find(struct builds *all, const char *image, struct build_result *out, struct done done);

/* Joins the build of that name or queues one; its row is committed before this returns. While the engine is away, none
 * begins. One that failed a short while ago through its repository answers again, with its log. Errors, all with a
 * sentence for the visitor: ERR_BUILD_..., ERR_PLAN_..., ERR_FETCH_..., the engine's. */
struct op *build_want(struct builds *all, const struct build_spec *spec, struct build_result *out, struct done done);

/* The log of the build of that name which runs, waits or was the last to end; NULL when there is none. Borrowed until
 * the loop turns; build_log_hold() keeps it. */
struct build_log *build_log_find(struct builds *all, const char *image);

/* For the operator. */
#define BUILD_ID_LEAST 4 /* digits of an id that name a build */

struct build_view {
    const struct store_build *row; /* borrowed until the loop turns */
    int place;                     /* in the queue, from 1; 0: it does not wait */
};
/* Those that run, then those that wait, the next one first. */
void build_list(struct builds *all, void (*each)(void *arg, const struct build_view *view), void *arg);

/* Finds one that runs, waits or ended lately (its log is still there) by the name of its image, the newest counts, or
 * by how its id begins. Returns how many there are: *out and *log, which may be NULL, are set for exactly one. */
int build_find(struct builds *all, const char *name, struct build_view *out, struct build_log **log);

/* Ends one that runs or waits; those who wait for it get `why`. false: it does neither. */
bool build_stop(struct builds *all, const struct id *id, const struct err *why);

#endif
