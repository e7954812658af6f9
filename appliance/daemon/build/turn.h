/* Whose turn it is: which build begins next, how many are in front of each, and how long that takes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_TURN_H
#define BUILD_TURN_H

#include "build/queue.h"

/*
 * Repositories take turns: a build waits behind as many of every other repository's as of its own are running or in
 * front of it, and among equals the repository comes first whose last turn is longest ago (of the last TURN_RECENT). So
 * one that brings twenty at once does not hold up the next one's first.
 */

/* The build that begins next; NULL when none waits. */
struct build *turn_next(const struct builds *all);

/* Those that wait, the next one first; ends with NULL, to be freed. */
struct build **turn_order(const struct builds *all);

/* It begins: its repository has had its turn. */
void turn_take(struct build *b);

/* Tells each one that waits, in its log, how many are in front of it now and about how long that takes, where either
 * has changed. */
void turn_tell(struct builds *all);

/* A build took this long: what is expected of the next ones is the median of the last TURN_HISTORY. */
void turn_note(struct turn_history *history, int64_t took_ms);
/* 0: nothing is known yet. */
int64_t turn_typical_ms(const struct turn_history *history);

#endif
