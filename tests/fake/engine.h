/* An engine made of an array, linked in place of the room engine: containers that do what the test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include "base/list.h"
#include "engine/container.h"
#include "engine/engine.h"

#define FAKE_CONTAINERS_MAX 1024 /* one more is a fault of the test, and aborts */

enum fake_call { FAKE_CREATE, FAKE_START, FAKE_REMOVE, FAKE_LIST, FAKE_TAIL, FAKE_LOOK, FAKE_CALLS };

/* Calls end one millisecond later, unless they are held: then they end with fake_engine_release(). A list shows what
 * there was when it was asked for. */
struct fake_engine {
    struct loop *loop;
    struct engine_container containers[FAKE_CONTAINERS_MAX];
    size_t count;
    int calls[FAKE_CALLS];
    int late_ms; /* not zero: a creation whose asker is gone is carried out all the same, that much later */
    bool hold[FAKE_CALLS];
    enum err_code fail[FAKE_CALLS];
    struct {
        char image[128];
        char command[32][128], environment[32][128];
        int64_t memory_bytes;
    } created; /* what was asked for last */
    const char *tail;
    const char *refusal; /* what a call that is told to fail says */
    struct engine_port ports[ENGINE_PORTS_MAX];
    int ports_count;              /* of every container; -1: it cannot be told */
    int64_t cpu_us, memory_bytes; /* of every container */
    struct list watchers, held;
};
extern struct fake_engine fake_engine;

struct engine *fake_engine_start(struct loop *loop);
/* Ends what was held of that kind. */
void fake_engine_release(enum fake_call call);
/* The container ends by itself, ends because it needed too much memory, is removed from outside; the engine's watchers
 * hear of it. */
void fake_engine_exit(const struct id *row, int exit_code);
void fake_engine_kill(const struct id *row);
void fake_engine_prune(const struct id *row);
struct engine_container *fake_engine_find(const struct id *row);

#endif
