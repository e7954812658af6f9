/* What the files of this room share: a session in memory, and all of them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_ROOM_H
#define SESSION_ROOM_H

#include <stdbool.h>
#include <uthash.h>

#include "base/list.h"
#include "engine/container.h"
#include "session/routes.h"
#include "session/session.h"
#include "session/sweep.h"
#include "store/rows.h"
#include "wire/wire.h"

#define SESSION_PORT 8888       /* of the Jupyter server in its container (contract 5.2) */
#define SESSION_GONE_MAX 1000   /* ended ones whose page is kept; past it the oldest is forgotten */
#define SESSION_CLAIM_MS 30000  /* after a restart a starting session waits this long for its launch to come back */
#define SESSION_ADDRESS_TEXT 48 /* "[ipv6]" and a NUL */

struct start;

/* Small: the row's texts stay in the store. */
struct session {
    struct sessions *all;
    struct id id, container;
    char name[WIRE_NAME_MAX + 1];
    enum session_state state;
    enum err_code code; /* GONE: why */
    bool open;          /* its server answers: the gateway may lead to it */
    uint8_t address[16];
    unsigned changed;       /* the sweep during which its state changed last */
    unsigned seen;          /* the sweep that found its container last */
    int64_t made, claim_by; /* times of the loop; claim_by: a start goes on until then, or it is ended */
    int64_t still_since;    /* the last sign of somebody at work: input, a busy kernel, processor time */
    bool heard;             /* still_since was seen, it is not only the daemon's start */
    int64_t cpu_us, cpu_at; /* the last reading, and when; -1: none */
    struct op *asking;      /* look.c's question; NULL: none */
    struct op *ending;      /* ending.c's */
    struct start *start;    /* NULL: nothing is under way */
    struct list gone_node;  /* GONE: by age */
    UT_hash_handle by_name, by_id;
};

struct sessions {
    struct session_parts parts;
    struct session_settings settings; /* texts are ours */
    uint8_t secret[32];
    struct session *by_name, *by_id; /* uthash */
    size_t live, gone;
    size_t reserved;       /* places kept for starts to come */
    struct list gone_list; /* oldest first */
    struct list settled;   /* ops that have their result and tell it in the next turn */
    int64_t began;         /* the loop's time of sessions_new() */
    bool closing;          /* sessions_free() is at work: what starts is left as it is */
    size_t asking;         /* look.c's questions that are out */
    struct routes *routes;
    struct sweeper *sweeper;
};

struct session *session_by_id(struct sessions *all, const struct id *id);
/* Adds one that is not in the tables yet. */
struct session *session_add(struct sessions *all, const struct id *id, const char *name, enum session_state state);
void session_free(struct session *s);
/* The state in its row. */
const char *session_state_word(enum session_state state);
/* Its row. */
int session_row(const struct session *s, struct store_session *row, struct err *e) ERR_CHECKED;
/* Drops them without a word. */
void settled_drop(struct sessions *all);
/* Forgets the oldest of those that ended, as long as there are more than SESSION_GONE_MAX. */
void sessions_trim(struct sessions *all);

/* "172.18.0.2" or "[fd00::2]". */
const char *session_address_text(char text[SESSION_ADDRESS_TEXT], const uint8_t address[16]);

#endif
