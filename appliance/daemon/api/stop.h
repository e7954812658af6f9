/* What ending a session and stopping a build have in common: the operator's reason, and the answer. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_STOP_H
#define API_STOP_H

#include "api/reply.h"

#define STOP_REASON_MAX 160 /* bytes: it has to fit into a sentence, with words in front */

/* Makes the sentence that visitors and the journal get, from the query's ?because=. Errors: ERR_PARAMETER. */
int stop_reason(struct err *out, const struct request *r, enum err_code code, struct err *e) ERR_CHECKED;
/* {"stopped": "session", "name": ...} */
enum MHD_Result stop_reply(struct api *a, struct request *r, const char *kind, const char *name);

#endif
