/* When a session has been left alone for too long, or has lived for too long. Pure. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_IDLE_H
#define SESSION_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/session.h"

/*
 * Idle means no human activity (decisions 5, 20): input as the gateway sees it, a kernel that is busy, or a processor
 * that works. Polls and pongs of an open tab are none. Before a session ends as idle its server is asked for its
 * kernels; one that does not answer cannot be asked, so the processor alone decides.
 *
 * Input is told late (activity_every), and not at all while no gateway is there. So a session ends that much after its
 * limit, and only if a gateway has been there that long: nobody is cut who came back within the limit.
 */
#define IDLE_CPU_PERMILLE 100 /* of one core, over the time between two sweeps: more is work */

struct idle_facts {
    int64_t age_ms;       /* since it was made */
    int64_t still_ms;     /* since the last sign of work */
    int64_t daemon_ms;    /* since the daemon's start: its memory of input is no older */
    int64_t cpu_permille; /* -1: cannot be told */
    bool asked, busy;     /* its kernels */
    int64_t late_ms;      /* what a gateway has seen is told by then */
    int64_t told_ms;      /* since when gateways have told what they see; -1: there is none */
};

enum idle_answer { IDLE_STAYS, IDLE_WORKS, IDLE_ASK, IDLE_ENDS, IDLE_AGED };

/* WORKS: it is at work, its time begins again; ASK: ask for its kernels and decide again. */
enum idle_answer idle_decide(const struct idle_facts *facts, const struct session_settings *settings);

/* Whether an answer of /api/kernels shows a kernel that is busy; what cannot be read shows none. */
bool idle_kernels_busy(const char *json, size_t len);

#endif
