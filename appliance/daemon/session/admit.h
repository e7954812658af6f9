/* Whether one more session has room in this machine's memory. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_ADMIT_H
#define SESSION_ADMIT_H

struct sessions;

/* Brings the ledger up to date; whenever a session has come or gone, or a place was promised. */
void admit_claim(struct sessions *all);

#endif
