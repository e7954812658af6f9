/* Watchers pull: who has something new wakes them, they read from their own cursor when they can. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include "base/list.h"

/* The watcher owns the node, fills `wake` and `arg`, and removes it (watch_end) before it goes. */
struct watch {
    struct list node;
    void (*wake)(void *arg); /* "look again"; may be called without news; must not add or remove watches */
    void *arg;
};

static inline void watch_begin(struct list *watchers, struct watch *w)
{
    list_add(watchers, &w->node);
}

static inline void watch_end(struct watch *w)
{
    list_remove(&w->node);
}

static inline void watch_wake_all(struct list *watchers)
{
    list_for_each (node, watchers) {
        struct watch *w = container_of(node, struct watch, node);

        w->wake(w->arg);
    }
}

#endif
