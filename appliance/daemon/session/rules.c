/* What states a session has and what leads from one to the other: the table. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/rules.h"

#include <stddef.h>

/*
 * What is not in the table cannot happen. Its rows are what the room can carry out today; freezing, saving and spares
 * bring theirs together with the code that makes route and container follow.
 */
static const struct {
    enum session_state from;
    enum session_cause cause;
    enum session_state to;
} rules[] = {
    {SESSION_STARTING, SESSION_ANSWERED, SESSION_RUNNING},
    {SESSION_STARTING, SESSION_ENDED, SESSION_GONE},
    {SESSION_RUNNING, SESSION_ENDED, SESSION_GONE},
};

bool session_rule(enum session_state *state, enum session_cause cause)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].from == *state && rules[i].cause == cause) {
            *state = rules[i].to;
            return true;
        }
    return false;
}
