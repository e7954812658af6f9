/* What states a session has and what leads from one to the other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_RULES_H
#define SESSION_RULES_H

#include <stdbool.h>

/*
 * A session is one URL, /user/<name>/, from its making to the page that says it is gone. Containers come and go
 * behind it: a state is what a visitor gets, not what a container does (a spare's is frozen, too).
 */
enum session_state {
    SESSION_SPARE,    /* answers, belongs to nobody */
    SESSION_STARTING, /* asked for, or woken from saved */
    SESSION_RUNNING,
    SESSION_FROZEN, /* memory kept: the next human request thaws it */
    SESSION_SAVING,
    SESSION_SAVED, /* no container: files kept until the row's time */
    SESSION_GONE,  /* the row is kept for its page */
};

enum session_cause {
    SESSION_ANSWERED, /* its server answers through the gateway */
    SESSION_TAKEN,    /* a launch takes the spare */
    SESSION_IDLE,     /* no human input for the limit, no busy kernel */
    SESSION_INPUT,    /* the gateway holds a human's request */
    SESSION_PUT_AWAY, /* idle, age, memory or drain, and its files are to be kept */
    SESSION_KEPT,     /* they are */
    SESSION_WOKEN,    /* a launch brings its browser's key */
    SESSION_ENDED,    /* anything else that ends it: the row's code says what */
};

/* Where `cause` leads from *state; false when it means nothing there (a late hint), *state untouched. Pure. */
bool session_rule(enum session_state *state, enum session_cause cause);

#endif
