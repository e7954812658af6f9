/* The sentences of contract 2, encoded as events; no other file has them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_TEXT_H
#define LAUNCH_TEXT_H

#include "base/err.h"

/* Each gives one JSON object in ASCII on one line, to be freed. */
char *text_waiting(void);
char *text_found(const char *image);
char *text_built(const char *image);
char *text_launching(void);
char *text_queued(int place);
char *text_requested(void);
char *text_spawning(void);
char *text_answers(const char *name);
/* Contract 2.11: an attempt's failure as the spawner tells it, and what follows from it. */
char *text_spawn_failed(const struct err *why);
char *text_again(int attempt);

/* Contract 2.9. */
struct text_ready {
    const char *url, *token, *image, *repo_url, *ref_url, *launch_host;
    const char *request, *persistent_request;
};
/* Without its last '}': binder_client_ip is each reader's own (text_ready_end). */
char *text_ready(const struct text_ready *ready);
/* What closes it, for a client at `address`; NULL: not told. */
char *text_ready_end(const char *address);

/* Whose failure it is: the step in which it failed decides between the contract's forms. */
struct text_subject {
    const char *provider, *spec; /* raw; the trailing '/' is stripped */
    const char *step;            /* NULL: at the door */
    const char *renamed;         /* "master" or "main" where HEAD is tried in its place (contract 2.4); "": neither */
};
/* Contract 2.4: HEAD is tried in place of of->renamed. */
char *text_head_instead(const struct text_subject *of);
/* The one `failed` event: contract 2.2 to 2.4 and 2.11. */
char *text_failed(const struct text_subject *of, const struct err *why);

#endif
