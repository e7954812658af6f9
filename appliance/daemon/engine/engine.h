/* The container engine of this machine. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/err.h"
#include "base/watch.h"

/*
 * Ops keep the promises of loop/op.h and end with ERR_ENGINE_GONE (no answer, at once while it is away),
 * ERR_ENGINE_REFUSED (it said no, in err.text), ERR_ENGINE_MISSING (no such object) or ERR_ENGINE_ODD (an answer that
 * its API does not know). What is made here carries our instance's label; only that is listed, watched or removed.
 * Tests link tests/fake/engine.c in place of this room. container.h, image.h and build.h have the ops.
 */
struct engine;
struct loop;
struct outbound;

enum engine_can {
    ENGINE_CAN_TRACE = 1 << 0,       /* builds tell their steps, not only text */
    ENGINE_CAN_HEREDOC = 1 << 1,     /* its own Dockerfile syntax is 1.4 or newer */
    ENGINE_CAN_STOP_BUILD = 1 << 2,  /* cancelling a build's op stops the build */
    ENGINE_CAN_LIMIT_STEPS = 1 << 3, /* limits of build steps are enforced */
    ENGINE_CAN_FREEZE = 1 << 4,      /* through the cgroup, 1 ms; else through the API, 20 ms */
};

/* A stream of events that has fallen silent looks like one that has nothing to tell (IR 2018-07-08). */
#define ENGINE_EVENTS_MS 300000

struct engine_settings {
    const char *socket;        /* path */
    const char *instance;      /* 8 hex digits */
    int ask_again_ms;          /* between attempts to reach an engine that is away */
    const char *cgroup_parent; /* what it puts build steps below; NULL: what it does by itself (decisions 16) */
    int events_ms;             /* its events are asked for anew after this; 0: ENGINE_EVENTS_MS */
};

/* Returns at once; connects and reconnects behind it. Settings are copied. */
int engine_new(struct engine **out, struct loop *loop, struct outbound *outbound,
               const struct engine_settings *settings, struct err *e) ERR_CHECKED;
/* After every op of it is over or cancelled. */
void engine_free(struct engine **en);

/* Flags of enum engine_can; 0 until the engine has answered once. */
unsigned engine_can(const struct engine *en);
/* ERR_NONE, or why it cannot be used. Never asks; at most 15 s old. */
enum err_code engine_state(const struct engine *en);

/* The folder that its images are in, as it says itself; "" until it has answered once. Borrowed until the loop turns.
 */
const char *engine_data_root(const struct engine *en);

/* Woken when the engine came or went, and when a container of ours has started, ended or gone: list them again. */
void engine_watch(struct engine *en, struct watch *w);

#endif
