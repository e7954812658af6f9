/* A row of the table of keys, for the files that read and show the configuration. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_CONF_KEY_H
#define DAEMON_CONF_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "conf.h"

#define CONF_KEYS_MAX 128
#define CONF_NAME_MAX 63

enum conf_kind { CONF_TEXT, CONF_LIST, CONF_NUMBER, CONF_TIME, CONF_SIZE, CONF_CORES };

enum conf_flag { CONF_SECRET = 1 }; /* never shown */

struct conf_key {
    enum conf_kind kind;
    const char *name;
    size_t offset; /* in struct conf */
    const char *standard;
    int64_t least, most; /* of a number in its own unit; of a text its bytes */
    unsigned flags;
    const char *help;
};

/* Ends with a row without a name. */
extern const struct conf_key conf_keys[];

/* NULL when there is none of that name. */
const struct conf_key *conf_key_find(const char *name);

/* Reads `text` into the key's place; a list grows. Errors: ERR_CONF_MALFORMED. */
int conf_key_set(struct conf *c, const struct conf_key *key, const char *text, struct err *e) ERR_CHECKED;

/* Adds its value as it would be written, of a list the one with that number; false: it has no such value. */
bool conf_key_text(struct buf *out, const struct conf *c, const struct conf_key *key, size_t number);

/* Empties the key's place. */
void conf_key_clear(struct conf *c, const struct conf_key *key);

#endif
