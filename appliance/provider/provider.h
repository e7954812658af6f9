/* Where a repository is: the providers' grammars, as a table. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Pure (contract 3). Specs are raw: still percent-encoded, as they stand in the request's path. */
#define PROVIDER_URL_MAX 1024  /* bytes of a URL, without its NUL */
#define PROVIDER_SPEC_MAX 2048 /* bytes of a spec */
#define PROVIDER_REF_MAX 255   /* bytes of a ref */

struct provider_place {
    const struct provider *provider;
    char repo_url[PROVIDER_URL_MAX + 1];
    char ref[PROVIDER_REF_MAX + 1];         /* as asked for: a branch, a tag, HEAD, a commit; decoded */
    char spec_front[PROVIDER_SPEC_MAX + 1]; /* the resolved spec without its ref: "<escaped url as given>/" */
    char slug[PROVIDER_URL_MAX + 1];        /* for names (contract 3.5) */
    bool exact;                             /* ref is a full commit: taken as it is (contract 3.4) */
};

/* The provider with that prefix ("git"); NULL when there is none. */
const struct provider *provider_find(const char *prefix);
/* The prefix "git" and the name in events "Git". */
const char *provider_prefix(const struct provider *p);
const char *provider_name(const struct provider *p);

/* Reads a raw spec, trailing '/' already stripped. Errors: ERR_SPEC_MALFORMED with contract 3.1's text. */
int provider_parse(struct provider_place *out, const struct provider *p, const char *raw_spec,
                   struct err *e) ERR_CHECKED;

/* ref_url of contract 3.1 for a resolved commit. False when it does not fit. */
bool provider_ref_url(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit);

/* The JSON array of /api/repoproviders (contract 1.5), static. */
const char *provider_list_json(void);

#endif
