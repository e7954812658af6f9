/* What the verbs that list have in common: their options, asking, and printing. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/list.h"

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/figure.h"
#include "cli/plain.h"

#define CELL_MAX 16384 /* bytes of a cell: a URL of strangers, every byte of it an escape */
#define ID_SHOWN 12

static error_t take(int key, char *value, struct argp_state *state)
{
    struct list_options *o = state->input;
    uint64_t limit;

    switch (key) {
    case 'd':
        o->dir = value;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case 'n':
        if (!str_number(&limit, slice_of(value), LIST_LIMIT_MAX) || !limit)
            argp_error(state, "--limit takes a number from 1 to %d", LIST_LIMIT_MAX);
        o->limit = (int)limit;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "The appliance's folder (" CLI_DIR ")"},
    {"json", 'j', NULL, 0, "Print JSON, with everything that is known"},
    {"quiet", 'q', NULL, 0, "Print names alone, one a line"},
    {"limit", 'n', "ROWS", 0, "At most so many rows (100; at most 1000)"},
    {0},
};
const struct argp list_argp = {options, take};

const char *list_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text ? text : "";
}

int64_t list_number(const json_t *row, const char *key)
{
    const json_t *number = json_object_get(row, key);

    return json_is_integer(number) ? json_integer_value(number) : -1;
}

void list_cell(struct buf *out, const json_t *row, const char *key)
{
    const json_t *text = json_object_get(row, key);

    if (json_is_string(text))
        plain_add(out, (struct slice){json_string_value(text), json_string_length(text)}, false);
}

void list_cell_id(struct buf *out, const json_t *row, const char *key)
{
    buf_add_format(out, "%.*s", ID_SHOWN, list_text(row, key));
}

void list_cell_ago(struct buf *out, const json_t *row, const char *key)
{
    int64_t then = list_number(row, key), ago = clock_utc_ms() - then;

    if (then > 0)
        figure_span(out, ago > 0 ? ago : 0);
}

int list_ask(json_t **out, const struct list_options *o, const char *path, struct err *e)
{
    char limit[32] = "";
    cleanup_free char *whole = NULL;

    if (o->limit)
        snprintf(limit, sizeof limit, "%climit=%d", strchr(path, '?') ? '&' : '?', o->limit);
    whole = mem_format("%s%s", path, limit);
    return client_ask(out, &(struct client_question){.dir = o->dir, .method = "GET", .path = whole}, e);
}

void list_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
}

void list_print_names(const json_t *rows, const char *key)
{
    json_t *row;
    size_t i;

    json_array_foreach (rows, i, row) {
        cleanup_buf struct buf name = BUF_OF(CELL_MAX);

        list_cell(&name, row, key);
        puts(buf_text(&name));
    }
}

void list_print_table(const json_t *rows, const struct list_column *columns)
{
    struct table_column shown[16];
    struct table t = {.columns = shown};
    json_t *row;
    size_t i;

    for (; columns[t.count].cell; t.count++)
        shown[t.count] = columns[t.count].show;
    json_array_foreach (rows, i, row)
        for (size_t c = 0; c < t.count; c++) {
            cleanup_buf struct buf cell = BUF_OF(CELL_MAX);

            columns[c].cell(row, &cell);
            table_add(&t, buf_text(&cell));
        }
    table_print(&t, table_terminal_width(), stdout);
    table_free(&t);
}

static void print_answer(const json_t *answer, const struct list_options *o, const struct list_kind *kind)
{
    const json_t *rows = json_object_get(answer, kind->rows);
    const json_t *fault = json_object_get(answer, "error");

    if (o->json) {
        list_print_json(answer);
        return;
    }
    if (o->quiet)
        list_print_names(rows, kind->key);
    else
        list_print_table(rows, kind->columns);
    if (fault)
        fprintf(stderr, "ringbinder %s: %s (%s: %s)\n", kind->verb, list_text(fault, "text"), list_text(fault, "code"),
                list_text(fault, "remedy"));
    if (json_is_true(json_object_get(answer, "more")))
        fprintf(stderr, "ringbinder %s: there are more; --limit shows up to %d\n", kind->verb, LIST_LIMIT_MAX);
}

int list_run(int argc, char **argv, const char *doc, const struct list_kind *kind)
{
    const struct argp argp = {options, take, NULL, doc};
    struct list_options o = {.dir = CLI_DIR};
    json_auto_t *answer = NULL;
    struct err e;

    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (list_ask(&answer, &o, kind->path, &e) < 0)
        return cli_failed(kind->verb, &e);
    print_answer(answer, &o, kind);
    return json_object_get(answer, "error") ? 1 : 0;
}
