/* Sessions that do as a test says, linked in place of the room session. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_SESSION_H
#define TESTS_FAKE_SESSION_H

#include <stdbool.h>

#include "session/session.h"

#define FAKE_STARTS 8

struct sessions {
    struct loop *loop;
    int ms;                               /* that a start takes */
    struct err outcome[FAKE_STARTS];      /* of each start in turn; ERR_NONE: it answers */
    int started, resumed, cancelled;      /* how often */
    int64_t at[FAKE_STARTS];              /* when */
    struct id asked[FAKE_STARTS], resume; /* ids */
    bool full;                            /* nobody is let in */
    int reserved;                         /* places that are kept */
    struct op *under_way;                 /* the last start, while it goes on: sessions_free() drops it */
    struct id image;                      /* of the last start */
    char front[64], request[512], persistent_request[512], launch_host[512]; /* of the last start */
};

#endif
