/* One connection to fetch.sock: a process that reads one repository for us. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_FETCHER_H
#define BUILD_FETCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop/op.h"

/*
 * wire/fetch.h from the daemon's side. The other end may have been taken over by the repository that it reads: every
 * frame has to be one that may come now, small enough and not too many; anything else ends this connection with
 * ERR_FETCH_MALFORMED and touches nothing beside it. What is not pulled is not read: at most one frame is held.
 * Errors beside that: ERR_FETCH_AWAY (no answer, or it ended in between), ERR_FETCH_VERSION (it is of another
 * package, which is worth a retry), and those that fetch itself tells, with its text for the visitor.
 */
struct fetcher;
struct loop;

#define FETCHER_LINES_MAX 2000 /* in one connection */
#define FETCHER_ETAG_MAX 128   /* NUL included */
#define FETCHER_ADDED_MAX 2048 /* NUL included */
#define FETCHER_PATH_MAX 256   /* of a Dockerfile inside its context, NUL included */

struct fetcher_spec {
    const char *socket;                                    /* path of fetch.sock */
    void (*line)(void *arg, const char *text, size_t len); /* for the log; NULL: dropped */
    void (*ready)(void *arg);                              /* a context's bytes or its end are there, or it failed */
    void *arg;
};

/* Connects with the first question. Texts are copied. */
struct fetcher *fetcher_new(struct loop *loop, const struct fetcher_spec *spec);
/* Closes, which ends the process at the other end. Not from within `line`. */
void fetcher_free(struct fetcher **f);

struct fetcher_question {
    const char *provider, *spec, *token; /* token: NULL: none */
    const char *site, *api;              /* of the provider's host (provider/provider.h); NULL: it has none */
    const char *etag, *known;            /* of the host's last answer (build/answers.h); NULL: there was none */
};
struct fetcher_ref {
    char ref[256]; /* the commit, or "" where there is no such ref */
    bool asked;    /* the provider's host, over HTTP */
    char etag[FETCHER_ETAG_MAX];
};
/* The only question of its connection. */
struct op *fetcher_resolve(struct fetcher *f, const struct fetcher_question *q, struct fetcher_ref *out,
                           struct done done);

struct fetcher_repository {
    const char *url, *commit, *ref;
    const char *ca_bundle;      /* path, NULL: none */
    const char *bases, *hidden; /* plan/settings.h; NULL: none */
    uint32_t can;               /* enum wire_fetch_can */
    uint64_t size_max;          /* bytes */
};
struct fetcher_plan {
    const char *lane; /* static: "dockerfile", "layers", "repo2docker" */
    char why[256];    /* a sentence */
    unsigned images;  /* 1 or 2 */
    char dockerfile[2][FETCHER_PATH_MAX];
    char added[FETCHER_ADDED_MAX]; /* lines of the Dockerfile behind which lines were added (build/lines.h) */
};
/* Whether the repository can be built, and how. */
struct op *fetcher_open(struct fetcher *f, const struct fetcher_repository *r, struct fetcher_plan *out,
                        struct done done);

/* Asks for context `n`, the next one of the plan; `max` bytes at most. Then `ready` is called, and bytes are pulled. */
void fetcher_context(struct fetcher *f, unsigned n, uint64_t max);
/* Bytes of the context; 0: its end; -1: none now, or it failed. */
ssize_t fetcher_pull(struct fetcher *f, void *to, size_t room);
/* Why it failed; NULL when it has not. */
const struct err *fetcher_error(const struct fetcher *f);

#endif
