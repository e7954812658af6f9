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

/* Where a provider's host answers: the operator's to say. URLs have no '/' at their end. */
struct provider_host {
    const char *prefix; /* whose host it is; NULL ends a list of hosts */
    const char *site;   /* where its repositories are: "https://github.com" */
    const char *api;    /* its HTTP interface: "https://api.github.com"; "": is not asked */
    const char *token;  /* for that interface; "": none */
};

struct provider_place {
    const struct provider *provider;
    char repo_url[PROVIDER_URL_MAX + 1];
    char ref[PROVIDER_REF_MAX + 1];         /* as asked for: a branch, a tag, HEAD, a commit; decoded */
    char spec_front[PROVIDER_SPEC_MAX + 1]; /* the resolved spec without its ref: "<escaped url as given>/" */
    char slug[PROVIDER_URL_MAX + 1];        /* for names (contract 3.5) */
    bool exact;                             /* ref is a full commit: taken as it is (contract 3.4) */
    /* The ref is what its name says: a branch before a tag, an annotated tag as its commit; and a repository that is
     * not there has no ref, which is no error (contract 3.2). Else it is what `git ls-remote` lists first (3.4). */
    bool by_name;
};

/* The provider with that prefix ("git"); NULL when there is none. */
const struct provider *provider_find(const char *prefix);
/* The prefix "git" and the name in events "Git". */
const char *provider_prefix(const struct provider *p);
const char *provider_name(const struct provider *p);

/* The host of `p` in a list; NULL where it has none: the one that everybody knows, or the one in the spec. */
const struct provider_host *provider_host_of(const struct provider_host *hosts, const struct provider *p);

/* Reads a raw spec, trailing '/' already stripped; host: provider_host_of(). Errors: ERR_SPEC_MALFORMED with contract
 * 3.1's text. */
int provider_parse(struct provider_place *out, const struct provider *p, const struct provider_host *host,
                   const char *raw_spec, struct err *e) ERR_CHECKED;

/* Whether default branches of that name were renamed at this host, so that HEAD is worth a try (contract 2.4). */
bool provider_is_renamed(const struct provider_place *place);

/* ref_url of contract 3.1 for a resolved commit. False when it does not fit. */
bool provider_ref_url(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit);

/* The JSON array of /api/repoproviders (contract 1.5), static. */
const char *provider_list_json(void);

#endif
