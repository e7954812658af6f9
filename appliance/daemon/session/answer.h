/* Asks a server until it answers. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_ANSWER_H
#define SESSION_ANSWER_H

#include <stdbool.h>

#include "loop/op.h"

struct session;

/*
 * GET /user/<name>/api, again and again, until the answer is Jupyter's: 200, and a JSON object with `version` (the
 * gateway's own pages have none; decisions 21). Every 5 ms at first, later every 20 ms.
 */
#define ANSWER_SOON_MS 5
#define ANSWER_LATER_MS 20
#define ANSWER_SOON_FOR_MS 2000
#define ANSWER_QUESTION_MS 2000 /* limit of one question */
#define ANSWER_CONNECT_MS 50    /* of its connection: TCP itself would try again after a second only */
#define ANSWER_BODY_MAX 65536   /* bytes */

struct answer_spec {
    bool through_gateway; /* at the door, else at the container's own address */
    int limit_ms;
};

/* Errors: those of fault_of_silence() after the limit, ERR_SESSION_DOOR for the gateway; those of fault_of_start(). The
 * session outlives it. */
struct op *answer_wait(struct session *s, const struct answer_spec *spec, struct done done);

/* Ends it as fault_of_start() says: the container runs no more. `exit_code` -1: unknown, the engine is asked. */
void answer_died(struct op *op, int exit_code);

#endif
