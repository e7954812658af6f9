/* Stands in for session/, build/ and engine/ as the operator's resources ask them: a few rows that the test writes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_OPERATOR_H
#define FAKE_OPERATOR_H

#include "build/build.h"
#include "engine/image.h"
#include "session/session.h"
#include "store/rows.h"

#define FAKE_ROWS 8

struct session {
    struct session_view view;
    enum session_state state;
};

struct fake_operator {
    struct session sessions[FAKE_ROWS];
    struct store_build builds[FAKE_ROWS]; /* all wait but the first, which runs */
    size_t n_sessions, n_builds;
    bool keeps;                     /* a session's end cannot be committed */
    struct err why;                 /* that the last session or build was ended with */
    struct id stopped;              /* that build */
    const char *log;                /* of every build: lines of JSON */
    bool log_ended;                 /* no line will come any more */
    const char *printed;            /* by every container */
    struct engine_image_size image; /* the engine's only one */
    enum err_code engine_fails;     /* with this; ERR_NONE: it answers */
    int engine_ms;                  /* that its answer takes */
    int asked, cancelled;           /* how often the engine was */
};
extern struct fake_operator fake_operator;

#endif
