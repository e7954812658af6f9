/* Sessions: one URL each, from start to gone. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "loop/op.h"
#include "session/rules.h"

/*
 * Every session of this instance. The room owns control.sock's daemon side (routes.h), the sweeper (sweep.h) and the
 * look for idle sessions (look.h); others start, find and end sessions here.
 */
struct session; /* owned by its `sessions`; borrowed pointers are good until the loop turns */
struct sessions;
struct loop;
struct store;
struct engine;
struct outbound;
struct ledger;
struct session_gateway;

/* What the room stands on; all of it outlives the room. */
struct session_parts {
    struct loop *loop;
    struct store *store;
    struct engine *engine;
    struct outbound *outbound; /* asks containers and the gateway's door */
    struct ledger *ledger;     /* of this machine's memory */
};

struct session_settings {
    const char *hub_url;     /* where the sessions host is reached: "http://127.0.0.1:8586/" */
    const char *door_socket; /* path of the gateway's private listener (decisions 21) */
    int control_fd;          /* listening control.sock; the room accepts on it and does not close it */
    const uint8_t *secret;   /* 32 bytes: the key of tokens (decisions 10) */
    int64_t memory_bytes, memory_guarantee_bytes, cpu_millis;
    int processes;
    int answer_limit_ms; /* a started server must answer within this */
    int idle_ms, age_ms; /* idle stop, maximum age; 0: never */
    int sweep_ms;        /* the sweeper's turn */
    int grace_ms;        /* after a start of the daemon no session is idle for this long (decisions 6) */
    const char *allow_origin, *default_url; /* of the Jupyter server (contract 5.2); NULL: none */
    const char *const *extra_arguments;     /* of the Jupyter server, ends with NULL; NULL: none */
    const struct session_gateway *gateway;  /* routes.h: what it is told */
};

struct session_spec {
    struct id id;           /* of the session to be: the asker's own row names it before it is asked for */
    struct id image;        /* row of the image; a spare of it is taken when there is one */
    const char *name_front; /* the name's front with its '-' (contract 5.1); 8 random characters follow */
    const char *repo_url, *ref_url, *request, *persistent_request; /* for the container's environment */
    const char *launch_host;
};

struct session_door {
    struct id id;
    char name[65], token[23]; /* for the `ready` event: secrets, never logged */
};

/* Reads the rows, copies the settings; routes follow once the engine has said which containers run. */
int sessions_new(struct sessions **out, const struct session_parts *parts, const struct session_settings *settings,
                 struct err *e) ERR_CHECKED;
/* Starts that are under way are dropped without a word and without ending their sessions: the next daemon goes on. */
void sessions_free(struct sessions **all);

/* How many more sessions this machine has memory for (decisions 19); SIZE_MAX: no limit. */
size_t session_places(const struct sessions *all);
/* Whether there is room for one more. Errors: ERR_SESSION_FULL. */
int session_check_place(const struct sessions *all, struct err *e) ERR_CHECKED;
/* Keeps a place for one who waits for his start; it is given back when session_start() takes it, or he goes. */
int session_reserve(struct sessions *all, struct err *e) ERR_CHECKED;
void session_unreserve(struct sessions *all);

/* Done when the session is RUNNING: it answers through the gateway. The rows are committed before this returns;
 * cancelling ends the session. Errors: ERR_SESSION_FULL, the engine's, and those of a server that does not answer
 * (fault.h). */
struct op *session_start(struct sessions *all, const struct session_spec *spec, struct session_door *out,
                         struct done done);

/* Goes on where a start was when the daemon died: `id` is the row's. The same promises; done at once when it runs
 * already. Errors: ERR_SESSION_GONE when there is no such session, or it has ended. */
struct op *session_resume(struct sessions *all, const struct id *id, struct session_door *out, struct done done);

/* Moves it by the rule, commits state and event, then makes route and container match. `why`: what the page and the
 * journal say, NULL where the cause says all. Without a rule, nothing happens. Ending one that starts ends its op. */
void session_cause(struct session *s, enum session_cause cause, const struct err *why);

/* NULL when there is none of that name. */
struct session *session_find(struct sessions *all, const char *name);
enum session_state session_state(const struct session *s);

/* For the operator; names are borrowed until the loop turns. No token is in it. */
struct session_view {
    struct id id, container; /* rows */
    const char *name, *state;
    int64_t age_ms;       /* since it was made */
    int64_t still_ms;     /* since the last sign of somebody at work */
    int64_t memory_bytes; /* what its container uses now, the kernel's file cache included; -1: not known */
    int64_t memory_limit_bytes;
};
void session_describe(const struct session *s, struct session_view *out);
/* Those that have a container or are getting one, in the order in which they were made, until `each`, which changes no
 * session, returns false. */
void session_list(struct sessions *all, bool (*each)(void *arg, const struct session_view *view), void *arg);

/* How many have a container or are getting one. */
size_t session_count(const struct sessions *all);

#endif
