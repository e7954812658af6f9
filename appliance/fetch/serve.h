/* One conversation with the daemon. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_SERVE_H
#define FETCH_SERVE_H

#include "fetch/conn.h"

/* RESOLVE, or OPEN and its contexts, as wire/fetch.h has it, up to END. */
void serve(struct conn *conn);

#endif
