/* What the operator sees of sessions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/loop.h"
#include "session/room.h"

void session_describe(const struct session *s, struct session_view *out)
{
    int64_t now = loop_now(s->all->parts.loop);

    *out = (struct session_view){
        .id = s->id,
        .container = s->container,
        .name = s->name,
        .state = session_state_word(s->state),
        .age_ms = now - s->made,
        .still_ms = now - s->still_since,
        .memory_bytes = engine_container_memory(s->all->parts.engine, &s->container),
        .memory_limit_bytes = s->all->settings.memory_bytes,
    };
}

void session_list(struct sessions *all, bool (*each)(void *arg, const struct session_view *view), void *arg)
{
    struct session *s, *next;

    HASH_ITER (by_id, all->by_id, s, next) {
        struct session_view view;

        if (s->state == SESSION_GONE)
            continue;
        session_describe(s, &view);
        if (!each(arg, &view))
            return;
    }
}
