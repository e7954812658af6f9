/* How a session's container has come to its end. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_ENDING_H
#define SESSION_ENDING_H

#include "engine/container.h"

struct session;

/* The container runs no more: asks the engine why, and ends the session with that. Asks once at a time; as long as the
 * engine is away the session stays as it is, and the sweeper comes again. */
void ending_learn(struct session *s, const struct engine_container *c);
/* The session has ended otherwise: the question is dropped. */
void ending_forget(struct session *s);

#endif
