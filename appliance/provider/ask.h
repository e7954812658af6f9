/* What a provider's host is asked where git does not know a ref, and what its answer says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROVIDER_ASK_H
#define PROVIDER_ASK_H

#include <stdint.h>

#include "base/str.h"
#include "provider/provider.h"

/* Pure: who asks is fetch/ask.h (contract 3.2). */
#define PROVIDER_QUESTION_MAX 2048 /* bytes of a question's URL, NUL included */
#define PROVIDER_FIELD_MAX 256     /* bytes of a header field's value, NUL included */

struct provider_question {
    char url[PROVIDER_QUESTION_MAX];
    char authorization[PROVIDER_FIELD_MAX]; /* "": none */
};

struct provider_answer {
    int status;
    const char *reason;       /* of the status line */
    struct slice body;        /* hostile */
    int64_t remaining, reset; /* X-RateLimit-Remaining and -Reset (seconds of UTC); -1: not there */
    int64_t now;              /* when it came, seconds of UTC */
};

/* Whether the host can know a ref of that kind where git does not: GitHub knows short commits. */
bool provider_asks(const struct provider_place *place);

/* Only where provider_asks(); host: of the provider. False when the URL or the token is too long. */
bool provider_question(struct provider_question *out, const struct provider_place *place,
                       const struct provider_host *host);

/* `commit` receives the full commit, "" where there is none. Errors, with contract 3.2's text: ERR_ASK_FAILED,
 * ERR_ASK_RATE. */
int provider_answer(char commit[PROVIDER_REF_MAX + 1], const struct provider_place *place,
                    const struct provider_answer *answer, struct err *e) ERR_CHECKED;

#endif
