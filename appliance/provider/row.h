/* A provider's row in the table: what each file of this room fills. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROVIDER_ROW_H
#define PROVIDER_ROW_H

#include "base/str.h"
#include "provider/ask.h"
#include "provider/provider.h"

struct provider {
    const char *prefix, *name; /* "git", "Git" */
    const char *json;          /* its object in /api/repoproviders (contract 1.5) */
    /* Fills *out, which is zero but for its provider. The spec is at most PROVIDER_SPEC_MAX bytes. host: NULL: none */
    int (*parse)(struct provider_place *out, const struct provider_host *host, const char *raw_spec, struct err *e);
    bool renamed; /* its default branches were renamed (contract 2.4) */
    bool (*ref_url)(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit);
    /* provider/ask.h; NULL where git alone is asked. */
    bool (*asks)(const struct provider_place *place);
    bool (*question)(struct provider_question *out, const struct provider_place *place,
                     const struct provider_host *host);
    int (*answer)(char commit[PROVIDER_REF_MAX + 1], const struct provider_answer *answer, struct err *e);
};

/* One percent-encoded part of a spec, decoded into `to` of `max` + 1 bytes: UTF-8 without control characters. `what`
 * names it in the sentence. Errors: ERR_SPEC_MALFORMED. */
int row_decode(char *to, size_t max, struct slice part, const char *what, struct err *e) ERR_CHECKED;
/* Whether no git takes it for an option. Errors: ERR_SPEC_MALFORMED. */
int row_check_ref(const char *ref, struct err *e) ERR_CHECKED;

extern const struct provider provider_gh;
extern const struct provider provider_git;

#endif
