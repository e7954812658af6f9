/* Limits of build steps, written into each step's own cgroup as it appears. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_STEPLIMIT_H
#define ENGINE_STEPLIMIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/list.h"
#include "engine/cgroup.h"

/*
 * BuildKit ignores the limits of a build (builds.md 4.1), and every step of everybody's builds gets a cgroup with a
 * random name in one place. So that place is watched while a build of ours runs (inotify: 0.1 to 0.3 ms), and a step's
 * limits are written once its command (the executor's config.json) is one of a trace of ours that has not ended
 * (stepname.h); other people's steps are left alone. Where the trace comes behind the cgroup, the step waits among at
 * most STEPLIMIT_WAITING_MAX; beyond that the oldest is forgotten, with a line in the journal.
 */
struct steplimit;
struct loop;
struct trace;

#define STEPLIMIT_WAITING_MAX 256

struct steplimit_place {
    const char *root;      /* CGROUP_ROOT, but in tests */
    const char *parent;    /* the engine's --cgroup-parent; NULL: what it is without one */
    const char *driver;    /* /info's CgroupDriver: "cgroupfs" or "systemd" */
    const char *data_root; /* /info's DockerRootDir */
    const char *beside;    /* what the engine's own cgroup lies in (cgroup_above()); NULL: not known */
};

/* Copies. Errors: ERR_ENGINE_NO_LIMITS, where steps cannot be limited here: the text says why. */
int steplimit_new(struct steplimit **out, struct loop *loop, const struct steplimit_place *place,
                  struct err *e) ERR_CHECKED;
/* After its builds. */
void steplimit_free(struct steplimit **s);
/* Whether a build is being watched. */
bool steplimit_busy(const struct steplimit *s);

/* A build, in its own struct. */
struct steplimit_build {
    struct list node;
    const struct trace *trace;
    struct cgroup_limits limits;
};
int steplimit_add(struct steplimit *s, struct steplimit_build *b, struct err *e) ERR_CHECKED;
/* Does nothing for one that was not added. */
void steplimit_remove(struct steplimit *s, struct steplimit_build *b);
/* A trace has told more. */
void steplimit_look(struct steplimit *s);

#endif
