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
    bool built; /* for this launch: the stream lingers (contract 2.3 b) */
    bool has_slot;
    struct session_door door;
    struct feed feed;
    struct loop_timer *linger; /* runs while the stream of one that is ready stays open */
    size_t readers;
};

/* launch.c */

/* The one writer of a launch's state: row and event in one transaction. `why`: of "failed". */
int launch_move(struct launch *l, const char *state, const struct err *why, struct err *e) ERR_CHECKED;
/* Its last event is in the feed; forgets it when nobody reads it. */
void launch_ended(struct launch *l);
void launch_forget_unread(struct launch *l);

/* steps.c */

extern const struct flow_kind launch_flow;
/* Where a launch goes on whose row says `step`; NULL: from the beginning. */
const char *launch_step_after_restart(const char *step);
/* The end of every launch, at the door, too: state, event, journal. */
void launch_fail(struct launch *l, const char *step, const struct err *why);

#endif
