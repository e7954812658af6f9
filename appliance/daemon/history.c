/* How long the state remembers what is over. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "history.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "store/forget.h"

struct history {
    struct loop *loop;
    struct store *store;
    int64_t keep_ms;
    struct loop_timer *timer;
};

static void forget(void *arg)
{
    struct history *h = arg;
    struct err e;
    int went = store_forget(h->store, clock_utc_ms() - h->keep_ms, HISTORY_AT_ONCE, &e);

    if (went < 0)
        log_err(LOG_WARNING, &e, "forgetting what is over");
    h->timer = loop_timer_new(h->loop, went > 0 ? HISTORY_NEXT_MS : HISTORY_EVERY_MS, forget, h);
}

struct history *history_new(struct loop *loop, struct store *store, int64_t keep_ms)
{
    struct history *h = mem_zero(1, sizeof *h);

    *h = (struct history){.loop = loop, .store = store, .keep_ms = keep_ms};
    h->timer = loop_timer_new(loop, HISTORY_NEXT_MS, forget, h);
    return h;
}

void history_free(struct history **h)
{
    if (!*h)
        return;
    loop_timer_cancel(&(*h)->timer);
    free(*h);
    *h = NULL;
}
