/* Asking the daemon over admin.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * Reads the event stream at `path` (contract 2.1), blocking. `event` gets each event; it returns false to stop. Errors:
 * ERR_CLIENT_UNREACHABLE (is it running?), ERR_CLIENT_FORBIDDEN (as whom are you?), ERR_CLIENT_REFUSED (a status other
 * than 200), ERR_MALFORMED for what is no event, ERR_TOO_LARGE for a line over 1 MiB. The end of the stream is no
 * error.
 */
int client_stream(const char *socket, const char *path, bool (*event)(void *arg, const json_t *event), void *arg,
                  struct err *e) ERR_CHECKED;

struct client_question {
    const char *dir;    /* the appliance's folder */
    const char *method; /* "GET", "DELETE" */
    const char *path;   /* with its query, encoded */
};

/*
 * The daemon's answer to one question of the operator's, a JSON object to be released; blocking, at most 60 s. Errors:
 * ERR_CLIENT_UNREACHABLE, ERR_CLIENT_FORBIDDEN, ERR_CLIENT_REFUSED for an answer that is none, ERR_TOO_LARGE for one
 * over 16 MiB, and the daemon's own: its code and text.
 */
int client_ask(json_t **out, const struct client_question *q, struct err *e) ERR_CHECKED;
/* For who follows, after an error: waits a second and returns true, where the daemon was only away (it is being
 * restarted) and that for less than a minute in a row; *times counts it, and is to be 0 after each answer. */
bool client_again(const struct err *e, int *times);
/* -1, with what an answer's "error" says: {"code": "RB1907", "text": ...}. */
int client_error(struct err *e, const json_t *error);

#endif
