/* A provider's row in the table: what each file of this room fills. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROVIDER_ROW_H
#define PROVIDER_ROW_H

#include "provider/provider.h"

struct provider {
    const char *prefix, *name; /* "git", "Git" */
    const char *json;          /* its object in /api/repoproviders (contract 1.5) */
    /* Fills *out, which is zero but for its provider. The spec is at most PROVIDER_SPEC_MAX bytes. */
    int (*parse)(struct provider_place *out, const char *raw_spec, struct err *e);
    bool (*ref_url)(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit);
};

extern const struct provider provider_git;

#endif
