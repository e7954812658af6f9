/* What is to be done about a session's row and the container that the engine shows for it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/reconcile.h"

enum reconcile_verdict reconcile_verdict(const enum session_state *state, const struct engine_container *container)
{
    if (!state || *state == SESSION_GONE)
        return container ? RECONCILE_REMOVE : RECONCILE_NOTHING;
    if (*state == SESSION_STARTING)
        return RECONCILE_RESUME;
    return container && container->running ? RECONCILE_ADOPT : RECONCILE_LOST;
}
