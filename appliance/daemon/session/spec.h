/* What a session's container is given: its arguments, its environment, its token. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_SPEC_H
#define SESSION_SPEC_H

#include <stddef.h>

#include "base/id.h"
#include "session/session.h"
#include "store/rows.h"

/* Pure. Sources: contract 5.2 and 5.3, decisions 10 and 20. */
#define SESSION_TOKEN_TEXT 23 /* 22 characters and a NUL */

/* A keyed hash of the session's id: the same after a restart, and written nowhere (decisions 10). */
void session_token(char out[SESSION_TOKEN_TEXT], const uint8_t secret[32], const struct id *session);

struct session_words {
    char **items; /* owned, ends with NULL */
    size_t count;
};
void session_words_free(struct session_words *words);
#define cleanup_words CLEANUP(session_words_free)

/* The command behind the image's entrypoint. */
void session_command(struct session_words *out, const struct session_settings *settings, const char *name,
                     const char *token);
void session_environment(struct session_words *out, const struct session_settings *settings,
                         const struct store_session *row);

#endif
