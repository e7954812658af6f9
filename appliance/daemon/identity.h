/* Who this appliance is: made once, at its first start, and kept in the state folder. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdint.h>

#include "base/err.h"

struct identity {
    char instance[9];   /* 8 hex digits: in the name and label of every object of the engine (decisions 10) */
    uint8_t secret[32]; /* the key that sessions' tokens are derived with; never logged */
};

/* From DIR/instance and DIR/secret, which are made (mode 0600, on disk before this returns) where they are not there.
 * Errors: ERR_SYSTEM, ERR_IDENTITY_BROKEN. */
int identity_load(struct identity *out, const char *dir, struct err *e) ERR_CHECKED;

#endif
