/* ringbinder config and check-config: what is set, where, and what is wrong with it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "cli/ask_daemon.h"
#include "cli/cli.h"
#include "cli/list.h"
#include "cli/plain.h"

#define VALUE_MAX 65536 /* bytes of a key's values on one line */

struct config {
    const char *file, *key;
    bool json, quiet;
};

static int read_description(json_t **out, const char *file, struct err *e)
{
    pid_t pid;
    cleanup_file FILE *answer = ask_daemon(&pid, "--describe-config", file, e);
    json_error_t where;

    if (!answer)
        return -1;
    *out = json_loadf(answer, 0, &where);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return *out ? 0 : err_set(e, ERR_MALFORMED, "ringbinderd cannot be understood: %s", where.text);
}

/* Returns how many there are. */
static size_t print_faults(const json_t *description)
{
    const json_t *faults = json_object_get(description, "faults");
    json_t *fault;
    size_t i;

    json_array_foreach (faults, i, fault) {
        cleanup_buf struct buf text = BUF_OF(VALUE_MAX);

        list_cell(&text, fault, "text");
        fprintf(stderr, "%s (%s)\n", buf_text(&text), list_text(fault, "code"));
    }
    return json_array_size(faults);
}

/* ---- config ---- */

/* A list's values are written with commas between; of a secret only that it is set. */
static void add_value(struct buf *out, const json_t *row, const char *member)
{
    const json_t *value = json_object_get(row, member);
    json_t *item;
    size_t i;

    if (json_is_true(json_object_get(row, "secret")) && str_is(member, "value"))
        buf_add_text(out, json_is_string(json_object_get(row, "set_in")) ? "(hidden)" : "");
    else if (json_is_string(value))
        list_cell(out, row, member);
    json_array_foreach (value, i, item) {
        buf_add_text(out, i ? ", " : "");
        plain_add(out, slice_of(json_string_value(item)), false);
    }
}

static void key(const json_t *row, struct buf *out)
{
    list_cell(out, row, "key");
}

static void value(const json_t *row, struct buf *out)
{
    add_value(out, row, "value");
}

static void standard(const json_t *row, struct buf *out)
{
    if (json_is_string(json_object_get(row, "set_in")))
        add_value(out, row, "default");
}

static void set_in(const json_t *row, struct buf *out)
{
    list_cell(out, row, "set_in");
    if (!out->len)
        buf_add_text(out, "default");
}

static void what(const json_t *row, struct buf *out)
{
    list_cell(out, row, "help");
}

static const struct list_column columns[] = {
    {{"KEY"}, key},
    {{"VALUE", false, true}, value},
    {{"DEFAULT", false, true}, standard},
    {{"SET IN", false, true}, set_in},
    {{"WHAT IT IS", false, true}, what},
    {{0}, NULL},
};

static void print_line(const char *title, void (*cell)(const json_t *row, struct buf *out), const json_t *row)
{
    cleanup_buf struct buf text = BUF_OF(VALUE_MAX);

    cell(row, &text);
    printf("  %-10s%s\n", title, text.len ? buf_text(&text) : "-");
}

static void default_always(const json_t *row, struct buf *out)
{
    add_value(out, row, "default");
}

/* "idle" is a part of three. */
static int say_unknown(const json_t *keys, const char *name)
{
    cleanup_buf struct buf like = BUF_OF(VALUE_MAX);
    json_t *row;
    size_t i;

    json_array_foreach (keys, i, row)
        if (strstr(list_text(row, "key"), name))
            buf_add_format(&like, "%s%s", like.len ? ", " : "", list_text(row, "key"));
    fprintf(stderr, "ringbinder config: there is no key %s; ", name);
    if (like.len)
        fprintf(stderr, "like it: %s\n", buf_text(&like));
    else
        fputs("`ringbinder config --quiet` lists them\n", stderr);
    return 1;
}

static int print_key(const json_t *keys, const struct config *c)
{
    json_t *row;
    size_t i;

    json_array_foreach (keys, i, row) {
        if (!str_is(list_text(row, "key"), c->key))
            continue;
        if (c->json) {
            list_print_json(row);
            return 0;
        }
        printf("%s\n", c->key);
        print_line("value", value, row);
        print_line("default", default_always, row);
        print_line("set in", set_in, row);
        printf("  %s\n", list_text(row, "help"));
        return 0;
    }
    return say_unknown(keys, c->key);
}

static error_t take(int option, char *text, struct argp_state *state)
{
    struct config *c = state->input;

    switch (option) {
    case 'c':
        c->file = text;
        return 0;
    case 'j':
        c->json = true;
        return 0;
    case 'q':
        c->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (c->key)
            argp_error(state, "one key at a time");
        c->key = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int cli_config(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "This file and conf.d beside it (" CONFIG_FILE ", where it is there)"},
        {"json", 'j', NULL, 0, "Print JSON"},
        {"quiet", 'q', NULL, 0, "Print the names of the keys alone, one a line"},
        {0},
    };
    static const struct argp argp = {
        options, take, "[KEY]",
        "Prints each key of the configuration, or one: its value, its default, the file and the line that set it, and "
        "what it is. Secrets are not shown. No daemon need run; one that runs has read its files when it was started."
        "\vExamples:\n"
        "  ringbinder config idle_limit\n"
        "  ringbinder config --config ./ringbinder.conf | grep -v default"};
    struct config c = {.file = config_usual()};
    json_auto_t *description = NULL;
    const json_t *keys;
    struct err e;
    int result = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &c);
    if (read_description(&description, c.file, &e) < 0)
        return cli_failed("config", &e);
    keys = json_object_get(description, "keys");
    if (c.key)
        result = print_key(keys, &c);
    else if (c.json)
        list_print_json(description);
    else if (c.quiet)
        list_print_names(keys, "key");
    else
        list_print_table(keys, columns);
    return print_faults(description) ? 1 : result;
}

/* ---- check-config ---- */

static error_t take_check(int option, char *text, struct argp_state *state)
{
    struct config *c = state->input;

    switch (option) {
    case 'j':
        c->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num)
            argp_error(state, "one file at a time");
        c->file = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int cli_check_config(int argc, char **argv)
{
    static const struct argp_option options[] = {{"json", 'j', NULL, 0, "Print the faults as JSON"}, {0}};
    static const struct argp argp = {
        options, take_check, "[FILE]",
        "Says what is wrong in FILE and in conf.d/*.conf beside it, with file and line; without FILE, in " CONFIG_FILE
        ". No daemon need run. The exit code is 1 where something is wrong."
        "\vExample:\n"
        "  ringbinder check-config ./ringbinder.conf && ringbinder up --config ./ringbinder.conf"};
    struct config c = {.file = config_usual()};
    json_auto_t *description = NULL;
    const json_t *faults;
    struct err e;

    argp_parse(&argp, argc, argv, 0, NULL, &c);
    if (read_description(&description, c.file, &e) < 0)
        return cli_failed("check-config", &e);
    faults = json_object_get(description, "faults");
    if (c.json) {
        list_print_json(faults);
    } else if (!print_faults(description)) {
        printf("%s: nothing is wrong\n", c.file ? c.file : "no file, the defaults");
    }
    return json_array_size(faults) ? 1 : 0;
}
