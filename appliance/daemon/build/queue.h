/* The builds that wait, run and have ended: what the room's files share. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_QUEUE_H
#define BUILD_QUEUE_H

#include "base/list.h"
#include "base/watch.h"
#include "build/build.h"
#include "build/environment.h"
#include "build/image.h"
#include "build/log.h"
#include "engine/build.h"
#include "engine/disk.h"
#include "loop/flow.h"
#include "store/rows.h"

/*
 * Bounds: QUEUE_WAITING_MAX builds wait, the next one is refused with ERR_BUILD_QUEUE_FULL; the logs of the last
 * QUEUE_ENDED_MAX are kept. Sessions may take what memory there is before a build has enough: where none begins for
 * want of it for QUEUE_HUNGRY_MS, those that have waited so long end with ERR_BUILD_HUNGRY.
 */
#define QUEUE_WAITING_MAX 500
#define QUEUE_ENDED_MAX 32
#define QUEUE_HUNGRY_MS 600000
#define TURN_HISTORY 16
#define TURN_RECENT 64
#define BUILD_LAST_LINE_MAX 80 /* bytes of the last line that goes into a sentence */

/* How long the last builds took that ended well; turn.h. */
struct turn_history {
    int64_t took_ms[TURN_HISTORY];
    size_t count; /* of all that were noted */
};

/* A repository that has had a turn; turn.h. */
struct turn_recent {
    uint64_t repository; /* hash of its URL */
    uint64_t turn;       /* from 1; 0: none */
};

enum build_state {
    BUILD_WAITING, /* in the queue */
    BUILD_RUNNING, /* its flow runs */
    BUILD_DONE,    /* there is an image */
    BUILD_FAILED,
};

struct builds {
    struct loop *loop;
    struct store *store;
    struct engine *engine;
    struct ledger *ledger;
    char *fetch_socket, *folder, *base, *ca_bundle, *bases, *hidden;
    struct image_marks marks;
    int64_t repository_max, step_memory;
    int step_processes, at_a_time, limit_s, progress_ms, abandon_ms, failed_keep_ms;
    struct disk_floor disk;
    struct turn_history history;
    struct turn_recent recent[TURN_RECENT];
    uint64_t turns;
    struct resolver *resolver;
    struct list waiting, running, ended; /* struct build, oldest first */
    int n_waiting, n_running, n_ended;
    struct loop_timer *advance;
    struct loop_timer *look;  /* for builds that nobody watches, or that wait for too long */
    int64_t not_before;       /* loop_now(): none leaves the queue until then */
    int64_t hungry;           /* loop_now() since when none leaves it for want of memory alone; -1: one may */
    struct watch engine_news; /* while the engine is away, nothing leaves the queue */
    struct watch memory_news; /* nor without memory for it */
};

struct build {
    struct list node;
    struct builds *all;
    struct store_build row;
    enum build_state state;
    struct build_log *log;
    struct list waiters; /* ops of build_want() */
    struct id image;     /* row; of one that is done */
    uint64_t repository; /* hash of row.repo_url */
    int rank, place;     /* turn.c's, as is last_turn */
    uint64_t last_turn;
    int told_ahead;           /* that its log has; -1: none */
    bool told_memory;         /* it says that there is none for this build */
    int64_t queued;           /* loop_now(): it waits since then */
    int64_t unwatched;        /* loop_now() when nobody was seen watching; -1: somebody is */
    int64_t began, over;      /* loop_now(); over: of one that has ended */
    struct loop_timer *limit; /* of the whole build */
    /* While it runs (build/run.c). */
    struct flow flow;
    struct loop_timer *quiet; /* until it counts as stuck */
    int64_t progress;         /* loop_now(): of its last line or byte */
    char last[BUILD_LAST_LINE_MAX + 1];
    struct fetcher *fetcher;
    struct fetcher_plan plan;
    char environment[ENVIRONMENT_IMAGE_MAX]; /* what the content's image is FROM; "": its Dockerfile says */
    char made[72];                           /* "sha256:..." */
};

const char *build_state_name(enum build_state state); /* as it stands in rows; static */

/* A build's file in our folder; the caller frees the path. */
#define BUILD_LOG_FRONT "log-"
char *build_log_path(const struct builds *all, const struct id *id);

/* Without a word to who waits for it. */
void build_free(struct build *b);

/* For store_build_load(): one that the daemon's end has cut starts again once (decisions 11); one that had only waited
 * goes on waiting. `arg`: the builds. */
void builds_take_up(void *arg, const struct store_build *row);

/* What may start is looked for when the loop turns; a function for watches. `arg`: the builds. */
void builds_look_again(void *arg);

/* Starts the flow of a build that has left the queue; build_ended() is called at its end. */
void build_run(struct build *b);

/* The one writer of a build's state: row and event, and the image's row where there is one, in one transaction. */
int build_move(struct build *b, enum build_state to, const struct err *why, struct err *e) ERR_CHECKED;

/* Its flow is over, or it will not begin. Moves it, ends the log, calls those who wait, starts the next.
 * ERR_CANCELLED: the daemon stops, the row stays as it is for the next one. A build that was cut by no fault of its own
 * goes back into the queue, once. */
void build_ended(struct build *b, const struct err *why);

/* One line of its log, which is progress. */
void build_say(struct build *b, const char *phase, const char *text, size_t len);

#endif
