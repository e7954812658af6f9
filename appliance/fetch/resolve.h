/* RESOLVE: from a spec to a commit. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_RESOLVE_H
#define FETCH_RESOLVE_H

#include "fetch/git.h"

/*
 * Contract 3.4: a full commit is taken as it is, without asking anybody; else the first line's id of what the server
 * lists for the ref, "" where there is no such ref. Errors: ERR_RESOLVE_FAILED with contract 3.4's text,
 * ERR_FETCH_ADDRESS, ERR_FETCH_CANCELLED.
 */
int resolve_ref(char commit[GIT_COMMIT], const struct git *g, const char *url, const char *ref,
                struct err *e) ERR_CHECKED;

struct resolved {
    char commit[GIT_COMMIT];            /* "": there is no such ref */
    bool missing;                       /* there is no such repository, or none that everybody may read */
    char etag[WIRE_FETCH_ETAG_MAX + 1]; /* of the host's answer, "": none */
};

/*
 * Contract 3.2, asked of git: a branch, a tag (an annotated one's commit), HEAD or a whole name such as
 * refs/pull/1/head, by its exact name and in this order. Errors: resolve_ref()'s.
 */
int resolve_name(struct resolved *out, const struct git *g, const char *url, const char *ref,
                 struct err *e) ERR_CHECKED;

/* Answers a RESOLVE with a REF. Errors: beside those of resolve_ref(), ERR_SPEC_MALFORMED and ERR_ASK_...: what git
 * does not know is asked of the provider's host. */
int resolve_answer(const struct git *g, const struct wire_fetch_message *question, struct err *e) ERR_CHECKED;

#endif
