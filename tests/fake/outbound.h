/* Questions by HTTP that a function of the test answers, linked in place of loop/outbound.c. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_OUTBOUND_H
#define FAKE_OUTBOUND_H

#include "loop/outbound.h"

struct loop;

/* What was asked, and what comes back after a millisecond. status 0: nobody is there (ERR_UNREACHABLE). */
struct fake_question {
    const char *url, *socket, *header; /* header: the first, or NULL */
    int status;
    const char *body;
};

struct outbound *fake_outbound_start(struct loop *loop, void (*answer)(struct fake_question *q));
extern int fake_outbound_asked;

#endif
