/* What is to be done about a session's row and the container that the engine shows for it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_RECONCILE_H
#define SESSION_RECONCILE_H

#include "engine/container.h"
#include "session/rules.h"

enum reconcile_verdict {
    RECONCILE_NOTHING,
    RECONCILE_ADOPT,  /* the session runs in it: its route leads to the container's address */
    RECONCILE_REMOVE, /* nobody wants the container */
    RECONCILE_LOST,   /* the session's server is not there any more */
    RECONCILE_RESUME, /* a start goes on, or will be asked to within SESSION_CLAIM_MS */
};

/* `state` NULL: no row; `container` NULL: the engine has none. Pure: its test is a table. */
enum reconcile_verdict reconcile_verdict(const enum session_state *state, const struct engine_container *container);

#endif
