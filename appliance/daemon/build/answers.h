/* What providers' hosts answered before: asking again costs less, or is not needed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_ANSWERS_H
#define BUILD_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Contract 3.2: an answer's ETag is sent along the next time, since a 304 is free of the host's quota; that there is no
 * such ref is believed for ANSWERS_NONE_MS. The ANSWERS_MAX that were used last of each kind are kept, until the daemon
 * ends. They come from fetch: one for a repository says nothing of another.
 */
#define ANSWERS_MAX 1024
#define ANSWERS_NONE_MS (300 * INT64_C(1000))

struct answers;

struct answers *answers_new(void);
void answers_free(struct answers **a);

/* The commit and the ETag for a spec; false when none is known. Borrowed until the next call. */
bool answers_find(struct answers *a, const char *provider, const char *spec, const char **commit, const char **etag);
/* Whether at `now` (milliseconds, monotonic) the host's word that there is no such ref still counts. */
bool answers_none(struct answers *a, const char *provider, const char *spec, int64_t now);

/* What the host said: a commit with its ETag, or "" for no such ref. */
struct answer {
    const char *provider, *spec, *commit, *etag;
    int64_t now;
};
void answers_keep(struct answers *a, const struct answer *said);

#endif
