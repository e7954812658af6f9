/* The flow from a session's row to its open door. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_START_H
#define SESSION_START_H

#include "loop/op.h"

struct session;
struct session_door;

/* session_start()'s op, for a session whose rows are committed; `step`: where to go on, "" from the beginning. */
struct op *start_begin(struct session *s, const char *step, struct session_door *out, struct done done);

/* Fills what a visitor needs. */
void session_door_of(struct session_door *out, const struct session *s);

/* What the sweeper saw: the container does not run (any more), with that exit code; -1: there is none. Does nothing as
 * long as the start does not wait for the server's answer. The session has a start. */
void start_died(struct session *s, int exit_code);

/* Its session was ended by somebody else: who waits for the start is told `why`. The session has a start. */
void start_stop(struct session *s, const struct err *why);

/* Frees a start without ending its session: the daemon goes, the next one goes on. */
void start_abandon(struct session *s);

#endif
