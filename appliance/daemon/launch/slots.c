/* Places for sessions that start. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/slots.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loop/loop.h"

struct turn {
    struct op op;
    struct list node; /* in `waiting`, until a slot is taken for it */
    struct slots *slots;
    struct loop_timer *told; /* runs from then on */
    struct slots_place place;
    int told_place; /* the last one; 0: none */
    struct done done;
};

void slots_init(struct slots *s, struct loop *loop, int limit)
{
    *s = (struct slots){.loop = loop, .limit = limit};
    list_init(&s->waiting);
}

static void turn_tell(void *arg)
{
    struct turn *t = arg;
    struct done done = t->done;

    free(t);
    done_call(done, NULL);
}

static bool is_news(const struct turn *t, int place)
{
    return place != t->told_place && (!t->told_place || place <= SLOTS_EACH || place <= t->told_place / 2);
}

static void tell_places(struct slots *s)
{
    int place = 0;

    list_for_each (node, &s->waiting) {
        struct turn *t = container_of(node, struct turn, node);

        place++;
        if (!is_news(t, place))
            continue;
        t->told_place = place;
        t->place.tell(t->place.arg, place);
    }
}

/* Who is next in line gets what is free. */
static void hand_out(struct slots *s)
{
    while (s->taken < s->limit && !list_empty(&s->waiting)) {
        struct turn *t = container_of(s->waiting.next, struct turn, node);

        list_remove(&t->node);
        s->taken++;
        t->told = loop_timer_new(s->loop, 0, turn_tell, t);
    }
    tell_places(s);
}

static void turn_cancel(struct op *op)
{
    struct turn *t = container_of(op, struct turn, op);
    struct slots *s = t->slots;

    list_remove(&t->node);
    if (t->told) {
        loop_timer_cancel(&t->told);
        s->taken--;
    }
    free(t);
    hand_out(s);
}

struct op *slots_wait(struct slots *s, const struct slots_place *place, struct done done)
{
    struct turn *t = mem_zero(1, sizeof *t);

    *t = (struct turn){.op = {turn_cancel}, .slots = s, .place = *place, .done = done};
    list_add(&s->waiting, &t->node);
    hand_out(s);
    return &t->op;
}

void slots_take(struct slots *s)
{
    s->taken++;
}

void slots_give(struct slots *s)
{
    s->taken--;
    hand_out(s);
}
