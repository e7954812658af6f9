/* The configuration: one table of keys, read from files. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* A value of each key of conf_keys.def. Times are milliseconds, sizes bytes, processors thousandths of one. */
#define CONF_TYPE_TEXT char *  /* owned, never NULL */
#define CONF_TYPE_LIST char ** /* owned, ends with NULL */
#define CONF_TYPE_NUMBER int64_t
#define CONF_TYPE_TIME int64_t
#define CONF_TYPE_SIZE int64_t
#define CONF_TYPE_CORES int64_t

struct conf_place {
    char *path; /* owned; NULL: nowhere, it is the default */
    int line;
};

struct conf {
#define KEY(kind, name, ...) CONF_TYPE_##kind name;
#include "conf_keys.def"
#undef KEY
    struct conf_place *places; /* owned: where each key was set (a list's first value), in the order of the table */
};

/*
 * The defaults; then `path` and, in order of their names, the files conf.d/(any name).conf beside it. NULL: defaults
 * alone. A key of a later file replaces one of an earlier; in one file a key stands once, except a list's, which grows.
 * Errors: ERR_CONF_MALFORMED and ERR_CONF_UNKNOWN with file and line, ERR_CONF_UNREADABLE. *out is to be freed either
 * way.
 */
int conf_read(struct conf *out, const char *path, struct err *e) ERR_CHECKED;
void conf_free(struct conf *c);

/* The same, going on behind a fault: `each` gets all of them, at most CONF_FAULTS_MAX. */
#define CONF_FAULTS_MAX 50
void conf_read_all(struct conf *out, const char *path, void (*each)(void *arg, const struct err *e), void *arg);

/* Puts file and line in front of an error whose text begins with "<key>: ", where the key was set in a file. */
void conf_say_place(const struct conf *c, struct err *e);

/* Writes a file that means the same: each key under a comment that says what it is. Secrets are left out. */
void conf_show(const struct conf *c, FILE *to);

/* The key that `name` was probably meant to be; NULL: none is like it. */
const char *conf_suggest(const char *name);

#endif
