/* Which commit a spec means: asked once for all who ask at the same time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_RESOLVE_H
#define BUILD_RESOLVE_H

#include "build/build.h"

/*
 * Questions for the same provider, spec and token share one connection to fetch.sock, and its answer is kept for
 * `keep_ms` (decisions 34). A fetch that is away or being upgraded is asked again until `limit_ms` is over. At most
 * RESOLVE_MAX at a time: ERR_RESOLVE_BUSY. When nobody waits for an answer any more, its process ends.
 */
struct resolver;

#define RESOLVE_MAX 64

struct resolver *resolver_new(struct loop *loop, const struct build_settings *settings);
void resolver_free(struct resolver **r);

/* build_resolve()'s promises. */
struct op *resolver_ask(struct resolver *r, const struct build_question *q, char ref[256], struct done done);

#endif
