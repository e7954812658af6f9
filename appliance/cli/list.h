/* What the verbs that list have in common: their options, asking, and printing. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include <argp.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/table.h"

#define LIST_LIMIT_MAX 1000 /* the daemon's bound */

struct list_options {
    const char *dir;
    bool json, quiet;
    int limit; /* 0: the daemon's */
};

/* --dir, --json, --quiet and --limit; its input is a struct list_options. For a verb with options of its own it is a
 * child. */
extern const struct argp list_argp;

struct list_column {
    struct table_column show;
    void (*cell)(const json_t *row, struct buf *out); /* adds what plain.h lets through */
};

struct list_kind {
    const char *verb;                  /* for what is said on stderr */
    const char *path;                  /* of the resource */
    const char *rows;                  /* the name of its array */
    const char *key;                   /* the member that --quiet prints alone */
    const struct list_column *columns; /* ends with one without a cell */
};

/* A verb that has no options but those: parses, asks and prints; returns the exit code. `doc` is argp's. */
int list_run(int argc, char **argv, const char *doc, const struct list_kind *kind);

/* The daemon's answer. Errors: client_ask()'s. */
int list_ask(json_t **out, const struct list_options *o, const char *path, struct err *e) ERR_CHECKED;

/* For people and programs: ASCII, indented. */
void list_print_json(const json_t *json);
/* Prints an array of rows: that member of each, one a line; or the columns, as wide as the terminal. */
void list_print_names(const json_t *rows, const char *key);
void list_print_table(const json_t *rows, const struct list_column *columns);

/* Members of a row: a text ("" where it is none) and a number (-1), and a text as a cell. */
const char *list_text(const json_t *row, const char *key);
int64_t list_number(const json_t *row, const char *key);
void list_cell(struct buf *out, const json_t *row, const char *key);
/* The first 12 digits of an id: enough for people, and for naming it. */
void list_cell_id(struct buf *out, const json_t *row, const char *key);
/* How long ago the time in that member was. */
void list_cell_ago(struct buf *out, const json_t *row, const char *key);

#endif
