/* A launch as the files of this room see it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_STATE_H
#define LAUNCH_STATE_H

#include "build/build.h"
#include "launch/feed.h"
#include "launch/launch.h"
#include "launch/slots.h"
#include "loop/flow.h"
#include "provider/provider.h"
#include "session/session.h"
#include "store/rows.h"

struct launches {
    struct launch_parts parts;
    struct launch_settings settings; /* texts owned */
    struct slots slots;
    struct list all;
    size_t flowing; /* of all */
};

struct launch {
    struct list node; /* in launches.all */
    struct launches *launches;
    struct flow flow;
    bool flowing;
    struct store_launch row;
    struct provider_place place;
    char renamed[8]; /* the ref in whose place HEAD is looked up (contract 2.4): "master", "main"; "": none */
    struct build_result image;
    bool built;   /* for this launch */
    bool lingers; /* its stream stays open when it is ready (contract 2.3 b) */
    bool has_slot;
    bool has_place; /* memory is kept for its session, which has not begun */
    struct session_door door;
    struct feed feed;
    struct loop_timer *linger; /* runs while the stream of one that is ready stays open */
    struct loop_timer *kept;   /* runs while one that has ended is kept for who comes back */
    size_t readers;
    int64_t unread; /* loop_now() when the last one left, or when there was none yet */
};

/* launch.c */

/* With its row; it is in the list, and nothing is under way. */
struct launch *launch_new(struct launches *all, const struct store_launch *row);
/* Its provider and place, from the row. Errors: as of the checks of a launch. */
int launch_parse(struct launch *l, struct err *e) ERR_CHECKED;
/* Starts the flow, at the step `from`; NULL: the first. */
void launch_begin(struct launch *l, const struct flow_kind *kind, const char *from);

/* The one writer of a launch's state: row and event in one transaction. `why`: of "failed". */
int launch_move(struct launch *l, const char *state, const struct err *why, struct err *e) ERR_CHECKED;
/* Its last event is in the feed. */
void launch_ended(struct launch *l);
void launch_forget_unread(struct launch *l);
/* Whether nobody has read it for LAUNCH_UNREAD_MS: then it gets no session. */
bool launch_is_unread(const struct launch *l);

/* resume.c */

/* The spec without the '/' at its end (contract 2.2, step 7); the caller frees it. */
char *launch_strip(const char *raw);

/* steps.c */

extern const struct flow_kind launch_flow;
/* For who comes back to one that was ready under an earlier daemon: asks for the session's door and tells it again. */
extern const struct flow_kind launch_door_flow;
/* Where a launch goes on whose row says `step`; NULL: from the beginning. */
const char *launch_step_after_restart(const char *step);
struct launch *launch_of_flow(struct flow *f);
/* What a session and the `ready` event say of the repository (contract 2.9). */
struct launch_told {
    char *request, *persistent_request; /* owned */
    char ref_url[PROVIDER_URL_MAX + 1];
};
void launch_told_of(struct launch_told *t, const struct launch *l);
void launch_told_free(struct launch_told *t);
/* The end of every launch, at the door, too: state, event, journal. */
void launch_fail(struct launch *l, const char *step, const struct err *why);

/* attempt.c */

enum flow_result launch_step_admit(struct flow *f, struct err *e);
enum flow_result launch_recover_admit(struct flow *f, struct err *e);
enum flow_result launch_step_session(struct flow *f, struct err *e);
enum flow_result launch_recover_session(struct flow *f, struct err *e);
/* Of what it has not got, nothing. */
void launch_give_place(struct launch *l);
void launch_give_slot(struct launch *l);

#endif
