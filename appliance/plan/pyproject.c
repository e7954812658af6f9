/* pyproject.toml: the little of it that decides. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/pyproject.h"

#include <stdio.h>

#include "base/str.h"

#define SHOWN 60
#define BLANKS " \t\r"
#define BARE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct reader {
    const char *path;
    struct slice text;
    size_t at;
};

/* The first two parts of a dotted key, and how many there are. */
struct key {
    struct slice part[2];
    size_t n;
};

static char here(const struct reader *r)
{
    return r->at < r->text.len ? r->text.at[r->at] : '\0';
}

static void skip(struct reader *r, const char *of)
{
    while (here(r) && strchr(of, here(r)))
        r->at++;
}

static void skip_line(struct reader *r)
{
    const char *end = r->at < r->text.len ? memchr(r->text.at + r->at, '\n', r->text.len - r->at) : NULL;

    r->at = end ? (size_t)(end - r->text.at) : r->text.len;
}

static int malformed(const struct reader *r, const char *what, struct err *e)
{
    size_t line = 1;

    for (size_t i = 0; i < r->at && i < r->text.len; i++)
        line += r->text.at[i] == '\n';
    return err_set(e, ERR_PLAN_FILE, "%s:%zu: %s.", r->path, line, what);
}

/* At a quote: *inside is what is between it and the one that ends the string. */
static int read_string(struct slice *inside, struct reader *r, struct err *e)
{
    char quote = here(r);
    const char triple[] = {quote, quote, quote};
    bool many = r->text.len - r->at >= 3 && memcmp(r->text.at + r->at, triple, 3) == 0;
    size_t n = many ? 3 : 1, start = r->at + n;

    for (r->at = start; r->at < r->text.len; r->at++) {
        char c = here(r);

        if (c == '\\' && quote == '"') {
            r->at++;
        } else if (c == '\n' && !many) {
            break;
        } else if (c == quote && (!many || (r->text.len - r->at >= 3 && !memcmp(r->text.at + r->at, triple, 3)))) {
            *inside = (struct slice){r->text.at + start, r->at - start};
            r->at += n;
            return 0;
        }
    }
    return malformed(r, "a string does not end", e);
}

static int read_key(struct key *key, struct reader *r, struct err *e)
{
    *key = (struct key){0};
    for (;;) {
        struct slice part = {r->text.at + r->at, 0};

        skip(r, BLANKS);
        if (here(r) == '"' || here(r) == '\'') {
            if (read_string(&part, r, e) < 0)
                return -1;
        } else {
            size_t start = r->at;

            skip(r, BARE);
            part = (struct slice){r->text.at + start, r->at - start};
            if (!part.len)
                return malformed(r, "here should be a key", e);
        }
        if (key->n < 2)
            key->part[key->n] = part;
        key->n++;
        skip(r, BLANKS);
        if (here(r) != '.')
            return 0;
        r->at++;
    }
}

/* Up to the end of the value's last line; brackets are counted, not followed. */
static int skip_value(struct reader *r, struct err *e)
{
    size_t depth = 0;

    for (; r->at < r->text.len; r->at++) {
        struct slice inside;
        char c = here(r);

        if (c == '\n' && !depth)
            return 0;
        if (c == '[' || c == '{')
            depth++;
        if ((c == ']' || c == '}') && depth)
            depth--;
        if (c == '#') {
            skip_line(r);
            r->at--;
        }
        if (c == '"' || c == '\'') {
            if (read_string(&inside, r, e) < 0)
                return -1;
            r->at--;
        }
    }
    return depth ? malformed(r, "a bracket is not closed", e) : 0;
}

static void note(struct pyproject *out, struct slice top)
{
    out->project = out->project || slice_is(top, "project");
    out->build_system = out->build_system || slice_is(top, "build-system");
}

static int read_table(struct pyproject *out, struct key *table, struct reader *r, struct err *e)
{
    skip(r, "[");
    if (read_key(table, r, e) < 0)
        return -1;
    if (here(r) != ']')
        return malformed(r, "the name of a table does not end with ]", e);
    note(out, table->part[0]);
    skip_line(r);
    return 0;
}

static int read_pair(struct pyproject *out, const struct key *table, struct reader *r, struct err *e)
{
    struct slice inside;
    struct key key;
    bool of_project;

    if (read_key(&key, r, e) < 0)
        return -1;
    if (here(r) != '=')
        return malformed(r, "a key without a value", e);
    r->at++;
    skip(r, BLANKS);
    if (!table->n)
        note(out, key.part[0]);
    of_project = table->n ? table->n == 1 && slice_is(table->part[0], "project") && key.n == 1 &&
                                slice_is(key.part[0], "requires-python")
                          : key.n == 2 && slice_is(key.part[0], "project") && slice_is(key.part[1], "requires-python");
    if (of_project && (here(r) == '"' || here(r) == '\'')) {
        if (read_string(&inside, r, e) < 0)
            return -1;
        out->requires_python = inside;
    }
    return skip_value(r, e);
}

int pyproject_read(struct pyproject *out, const char *path, struct slice text, struct err *e)
{
    struct reader r = {path, text, 0};
    struct key table = {0};

    *out = (struct pyproject){0};
    for (;;) {
        skip(&r, BLANKS "\n");
        if (r.at == text.len)
            return 0;
        if (here(&r) == '#')
            skip_line(&r);
        else if (here(&r) == '[' ? read_table(out, &table, &r, e) < 0 : read_pair(out, &table, &r, e) < 0)
            return -1;
    }
}

/* A clause's release number, X.Y in two parts; how many parts it has, and whether it ends with ".*". */
struct release {
    uint64_t part[2];
    size_t n;
    bool any;
};

static bool read_release(struct release *out, struct slice text)
{
    *out = (struct release){0};
    if (text.len && (text.at[0] == 'v' || text.at[0] == 'V'))
        text = slice_from(text, 1);
    while (text.len) {
        struct slice digits = {text.at, 0};
        uint64_t number;

        while (digits.len < text.len && text.at[digits.len] >= '0' && text.at[digits.len] <= '9')
            digits.len++;
        if (!digits.len) {
            out->any = text.at[0] == '*';
            break;
        }
        if (!str_number(&number, digits, 1000000))
            return false;
        if (out->n < 2)
            out->part[out->n] = number;
        out->n++;
        text = slice_from(text, digits.len);
        if (!text.len || text.at[0] != '.')
            break;
        text = slice_from(text, 1);
    }
    return out->n > 0;
}

static int order(const struct release *a, const struct release *b)
{
    for (size_t i = 0; i < 2; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}

/* The Python is known as X.Y: what only its patch release could decide is admitted, pip looks again. */
static bool clause_admits(const char *operator, const struct release * want, const struct release *python)
{
    int order_of = order(python, want);
    bool same = python->part[0] == want->part[0] && (want->n < 2 || python->part[1] == want->part[1]);

    if (str_is(operator, ">=") || str_is(operator, ">"))
        return order_of >= 0;
    if (str_is(operator, "<="))
        return order_of <= 0;
    if (str_is(operator, "<"))
        return order_of < 0 || (order_of == 0 && want->n > 2);
    if (str_is(operator, "!="))
        return !(same && (want->any ? want->n <= 2 : want->n == 2));
    if (str_is(operator, "~="))
        return order_of >= 0 && python->part[0] == want->part[0] && (want->n < 3 || same);
    return want->any || want->n >= 2 ? same : same && python->part[1] == 0;
}

static int clause(bool *admits, struct slice text, const struct release *python, struct err *e)
{
    static const char *const operators[] = {"===", "==", "~=", "!=", ">=", "<=", ">", "<"};
    struct release want;

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        struct slice version;

        if (!slice_starts(text, operators[i]))
            continue;
        version = slice_trim(slice_from(text, strlen(operators[i])));
        if (!read_release(&want, version))
            break;
        *admits = clause_admits(operators[i], &want, python);
        return 0;
    }
    return err_set(e, ERR_PLAN_FILE, "pyproject.toml: requires-python has \"%.*s\", which is no version specifier.",
                   text.len < SHOWN ? (int)text.len : SHOWN, text.at);
}

int pyproject_admits(bool *out, struct slice requires_python, const char *python, struct err *e)
{
    struct release ours;

    *out = true;
    if (!read_release(&ours, slice_of(python)))
        return err_set(e, ERR_INTERNAL, "\"%s\" is no Python version", python);
    while (requires_python.len) {
        struct slice one = slice_trim(slice_cut(&requires_python, ','));
        bool admits = true;

        if (one.len && clause(&admits, one, &ours, e) < 0)
            return -1;
        *out = *out && admits;
    }
    return 0;
}
