/* Looks at the running sessions: whether somebody works in them, and how old they are. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_LOOK_H
#define SESSION_LOOK_H

struct session;
struct sessions;

#define LOOK_LIMIT_MS 2000 /* of the question for a session's kernels */
#define LOOK_ASKING_MAX 16 /* questions at a time; the rest is asked in the next turn */

/* The sweeper's turn: what idle.h decides is asked and done. */
void look_at_all(struct sessions *all);
/* The session runs no more: its question is dropped. */
void look_forget(struct session *s);

#endif
