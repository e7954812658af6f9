/* Whose turn it is: which build begins next, how many are in front of each, and how long that takes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"

/* ---- order ---- */

static bool same_repository(const struct build *a, const struct build *b)
{
    return a->repository == b->repository && str_is(a->row.repo_url, b->row.repo_url);
}

/* How many of its own repository's run or are in front of it. */
static int rank_of(const struct builds *all, const struct build *b)
{
    int rank = 0;

    list_for_each (node, &all->running)
        rank += same_repository(container_of(node, struct build, node), b);
    list_for_each (node, &all->waiting) {
        if (node == &b->node)
            break;
        rank += same_repository(container_of(node, struct build, node), b);
    }
    return rank;
}

/* When its repository had its last turn, 0: not lately. */
static uint64_t last_turn(const struct builds *all, const struct build *b)
{
    for (size_t i = 0; i < TURN_RECENT; i++)
        if (all->recent[i].turn && all->recent[i].repository == b->repository)
            return all->recent[i].turn;
    return 0;
}

void turn_take(struct build *b)
{
    struct builds *all = b->all;
    struct turn_recent *at = &all->recent[0];

    for (size_t i = 0; i < TURN_RECENT; i++) {
        if (all->recent[i].turn < at->turn)
            at = &all->recent[i];
        if (all->recent[i].turn && all->recent[i].repository == b->repository) {
            at = &all->recent[i];
            break;
        }
    }
    *at = (struct turn_recent){b->repository, ++all->turns};
}

static int compare_builds(const void *a, const void *b)
{
    const struct build *one = *(struct build *const *)a, *two = *(struct build *const *)b;

    if (one->rank != two->rank)
        return one->rank - two->rank;
    if (one->last_turn != two->last_turn)
        return one->last_turn < two->last_turn ? -1 : 1;
    return one->place - two->place;
}

struct build **turn_order(const struct builds *all)
{
    struct build **order = mem_zero((size_t)all->n_waiting + 1, sizeof *order);
    int n = 0;

    list_for_each (node, &all->waiting) {
        struct build *b = container_of(node, struct build, node);

        b->rank = rank_of(all, b);
        b->last_turn = last_turn(all, b);
        b->place = n;
        order[n++] = b;
    }
    qsort(order, (size_t)n, sizeof(struct build *), compare_builds);
    return order;
}

struct build *turn_next(const struct builds *all)
{
    cleanup_free struct build **order = turn_order(all);

    return order[0];
}

/* ---- how long it takes ---- */

void turn_note(struct turn_history *history, int64_t took_ms)
{
    history->took_ms[history->count++ % TURN_HISTORY] = took_ms;
}

static int compare(const void *a, const void *b)
{
    const int64_t *one = a, *two = b;

    return (*one > *two) - (*one < *two);
}

int64_t turn_typical_ms(const struct turn_history *history)
{
    size_t count = history->count < TURN_HISTORY ? history->count : TURN_HISTORY;
    int64_t sorted[TURN_HISTORY];

    if (!count)
        return 0;
    memcpy(sorted, history->took_ms, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

/* Until one with `ahead` in front of it begins; 0: not known. */
static int64_t expected_ms(const struct builds *all, int ahead)
{
    int64_t typical = turn_typical_ms(&all->history), now = loop_now(all->loop), left = 0;

    list_for_each (node, &all->running) {
        int64_t since = now - container_of(node, struct build, node)->began;

        left += since < typical ? typical - since : 0;
    }
    return (left + ahead * typical) / all->at_a_time;
}

/* ---- what is told ---- */

static void tell_one(struct build *b, int ahead)
{
    int64_t expected = expected_ms(b->all, ahead);
    long long minutes = (long long)((expected + 59999) / 60000);
    char line[160], when[64] = "";

    if (b->told_ahead == ahead)
        return;
    b->told_ahead = ahead;
    if (expected)
        snprintf(when, sizeof when, "; by what builds took here lately, in about %lld min", minutes);
    if (ahead)
        snprintf(line, sizeof line, "%d %s in front of this one%s.", ahead, ahead == 1 ? "build is" : "builds are",
                 when);
    else
        snprintf(line, sizeof line, "This build is the next to begin%s.", when);
    build_log_line(b->log, "waiting", line, strlen(line));
}

void turn_tell(struct builds *all)
{
    cleanup_free struct build **order = turn_order(all);

    for (int ahead = 0; order[ahead]; ahead++)
        tell_one(order[ahead], ahead);
}
