/* Sessions that do as a test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "later.h"

static void fill_door(struct later *l)
{
    struct sessions *all = l->from;
    struct session_door *out = l->out;

    snprintf(out->name, sizeof out->name, "%sabcd1234", all->front);
    str_copy(out->token, sizeof out->token, "AAAAAAAAAAAAAAAAAAAAAA");
}

static struct op *start(struct sessions *all, struct session_door *out, struct done done)
{
    struct later how = {.fill = fill_door, .from = all, .out = out, .done = done, .cancelled = &all->cancelled};
    int turn = all->started + all->resumed;

    how.held = &all->under_way;
    if (turn < FAKE_STARTS) {
        how.e = all->outcome[turn];
        all->at[turn] = loop_now(all->loop);
    }
    return later(all->loop, all->ms, &how);
}

struct op *session_start(struct sessions *all, const struct session_spec *spec, struct session_door *out,
                         struct done done)
{
    struct op *op = start(all, out, done);

    if (all->started < FAKE_STARTS)
        all->asked[all->started] = spec->id;
    all->started++;
    all->image = spec->image;
    str_copy(all->front, sizeof all->front, spec->name_front);
    str_copy(all->request, sizeof all->request, spec->request);
    str_copy(all->persistent_request, sizeof all->persistent_request, spec->persistent_request);
    str_copy(all->launch_host, sizeof all->launch_host, spec->launch_host);
    return op;
}

struct op *session_resume(struct sessions *all, const struct id *id, struct session_door *out, struct done done)
{
    struct op *op = start(all, out, done);

    all->resume = *id;
    all->resumed++;
    return op;
}

int session_check_place(const struct sessions *all, struct err *e)
{
    return all->full ? err_set(e, ERR_SESSION_FULL, "the fake is full") : 0;
}

int session_reserve(struct sessions *all, struct err *e)
{
    if (session_check_place(all, e) < 0)
        return -1;
    all->reserved++;
    return 0;
}

void session_unreserve(struct sessions *all)
{
    all->reserved--;
}
