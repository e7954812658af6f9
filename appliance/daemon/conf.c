/* The table of keys: how values are written, defaults, suggestions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf_key.h"

const struct conf_key conf_keys[] = {
#define KEY(kind, name, ...) {CONF_##kind, #name, offsetof(struct conf, name), __VA_ARGS__},
#include "conf_keys.def"
#undef KEY
    {0},
};
_Static_assert(sizeof conf_keys / sizeof conf_keys[0] <= CONF_KEYS_MAX, "CONF_KEYS_MAX is too small");

/* How a number may end. The first row of a kind is the unit of a number alone; the last that divides it is shown. */
static const struct conf_unit {
    enum conf_kind kind;
    const char *name;
    int64_t factor;
} conf_units[] = {
    {CONF_NUMBER, "", 1},      {CONF_TIME, "s", 1000},    {CONF_TIME, "ms", 1},        {CONF_TIME, "s", 1000},
    {CONF_TIME, "m", 60000},   {CONF_TIME, "h", 3600000}, {CONF_TIME, "d", 86400000},  {CONF_SIZE, "", 1},
    {CONF_SIZE, "K", 1 << 10}, {CONF_SIZE, "M", 1 << 20}, {CONF_SIZE, "G", 1LL << 30}, {CONF_SIZE, "T", 1LL << 40},
    {CONF_CORES, "", 1000},    {CONF_CORES, "m", 1},
};
#define TEXT_MAX 4096 /* bytes of one value; a line of a file is shorter */
#define UNITS (sizeof conf_units / sizeof conf_units[0])

static void *place_of(struct conf *c, const struct conf_key *key)
{
    return (char *)c + key->offset;
}

const struct conf_key *conf_key_find(const char *name)
{
    for (const struct conf_key *key = conf_keys; key->name; key++)
        if (str_is(key->name, name))
            return key;
    return NULL;
}

/* The unit that is written behind a number of this kind; NULL: there is none of that name. */
static const struct conf_unit *unit_of(enum conf_kind kind, const char *name)
{
    for (const struct conf_unit *u = conf_units; u < conf_units + UNITS; u++)
        if (u->kind == kind && (!*name || str_is(u->name, name)))
            return u;
    return NULL;
}

static void show_number(struct buf *out, enum conf_kind kind, int64_t value)
{
    const struct conf_unit *best = unit_of(kind, "");

    for (const struct conf_unit *u = conf_units; u < conf_units + UNITS; u++)
        if (u->kind == kind && value % u->factor == 0 && (u->factor > best->factor || value % best->factor))
            best = u;
    buf_add_format(out, "%" PRId64 "%s", value / best->factor, value ? best->name : "");
}

static int out_of_range(const struct conf_key *key, const char *text, struct err *e)
{
    cleanup_buf struct buf least = BUF_OF(64), most = BUF_OF(64);

    show_number(&least, key->kind, key->least);
    show_number(&most, key->kind, key->most);
    return err_set(e, ERR_CONF_MALFORMED, "%s: %.40s is not between %s and %s", key->name, text, buf_text(&least),
                   buf_text(&most));
}

static int set_number(int64_t *out, const struct conf_key *key, const char *text, struct err *e)
{
    static const char *const examples[] = {
        [CONF_NUMBER] = "a whole number",
        [CONF_TIME] = "a time, such as 250ms, 10s, 5m, 6h or 1d",
        [CONF_SIZE] = "a size, such as 450M or 2G",
        [CONF_CORES] = "a number of processors, such as 2 or 500m",
    };
    struct slice digits = {text, strspn(text, "0123456789")};
    const struct conf_unit *unit = unit_of(key->kind, text + digits.len);
    uint64_t number;

    if (!unit || !digits.len)
        return err_set(e, ERR_CONF_MALFORMED, "%s: %.40s is not %s", key->name, text, examples[key->kind]);
    if (!str_number(&number, digits, (uint64_t)(INT64_MAX / unit->factor)))
        return out_of_range(key, text, e);
    if ((int64_t)number * unit->factor < key->least || (int64_t)number * unit->factor > key->most)
        return out_of_range(key, text, e);
    *out = (int64_t)number * unit->factor;
    return 0;
}

static void list_add_text(char ***list, const char *text)
{
    size_t count = 0;

    while (*list && (*list)[count])
        count++;
    *list = mem_resize(*list, count + 2, sizeof **list);
    (*list)[count] = mem_string(text);
    (*list)[count + 1] = NULL;
}

int conf_key_set(struct conf *c, const struct conf_key *key, const char *text, struct err *e)
{
    size_t len = strlen(text);

    if (key->kind != CONF_TEXT && key->kind != CONF_LIST)
        return set_number(place_of(c, key), key, text, e);
    if ((int64_t)len < key->least || (int64_t)len > key->most)
        return err_set(e, ERR_CONF_MALFORMED, "%s: it has %" PRId64 " to %" PRId64 " bytes, not %zu", key->name,
                       key->least, key->most, len);
    if (key->kind == CONF_LIST) {
        list_add_text(place_of(c, key), text);
        return 0;
    }
    conf_key_clear(c, key);
    *(char **)place_of(c, key) = mem_string(text);
    return 0;
}

void conf_key_clear(struct conf *c, const struct conf_key *key)
{
    if (key->kind == CONF_TEXT) {
        char **text = place_of(c, key);

        free(*text);
        *text = NULL;
    } else if (key->kind == CONF_LIST) {
        char ***list = place_of(c, key);

        for (char **item = *list; item && *item; item++)
            free(*item);
        free(*list);
        *list = mem_zero(1, sizeof **list);
    }
}

void conf_free(struct conf *c)
{
    for (const struct conf_key *key = conf_keys; key->name; key++) {
        conf_key_clear(c, key);
        if (key->kind == CONF_LIST)
            free(*(char ***)place_of(c, key));
        free(c->places ? c->places[key - conf_keys].path : NULL);
    }
    free(c->places);
    *c = (struct conf){0};
}

bool conf_key_text(struct buf *out, const struct conf *c, const struct conf_key *key, size_t number)
{
    const void *place = (const char *)c + key->offset;
    char *const *list = key->kind == CONF_LIST ? *(char *const *const *)place : NULL;

    if (!list && number > 0)
        return false;
    for (size_t i = 0; list && i < number; i++)
        if (!list[i])
            return false;
    if (list && !list[number])
        return false;
    if (key->kind == CONF_LIST || key->kind == CONF_TEXT)
        buf_add_text(out, list ? list[number] : *(char *const *)place);
    else
        show_number(out, key->kind, *(const int64_t *)place);
    return true;
}

static void show_key(const struct conf *c, const struct conf_key *key, FILE *to)
{
    cleanup_buf struct buf text = BUF_OF(TEXT_MAX);

    for (size_t i = 0; conf_key_text(&text, c, key, i); i++) {
        fprintf(to, "%s=%s\n", key->name, buf_text(&text));
        buf_clear(&text);
    }
}

void conf_show(const struct conf *c, FILE *to)
{
    for (const struct conf_key *key = conf_keys; key->name; key++) {
        fprintf(to, "# %s\n", key->help);
        if (!(key->flags & CONF_SECRET))
            show_key(c, key, to);
    }
}

void conf_say_place(const struct conf *c, struct err *e)
{
    for (const struct conf_key *key = conf_keys; key->name; key++) {
        const struct conf_place *place = &c->places[key - conf_keys];
        size_t len = strlen(key->name);

        if (place->path && str_starts(e->text, key->name) && e->text[len] == ':')
            err_wrap(e, "%s:%d", place->path, place->line);
    }
}

/* Levenshtein's distance; `b` is a name of the table. */
static size_t distance(const char *a, const char *b)
{
    size_t row[CONF_NAME_MAX + 1], len = strnlen(b, CONF_NAME_MAX);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t replaced = diagonal + (a[i] != b[j]);
            size_t shorter = row[j] < row[j + 1] ? row[j] : row[j + 1];

            diagonal = row[j + 1];
            row[j + 1] = replaced < shorter + 1 ? replaced : shorter + 1;
        }
    }
    return row[len];
}

const char *conf_suggest(const char *name)
{
    size_t least = 4;
    const char *found = NULL;

    for (const struct conf_key *key = conf_keys; key->name; key++) {
        size_t d = distance(name, key->name);

        if (d < least && d < strlen(key->name) / 2) {
            least = d;
            found = key->name;
        }
    }
    return found;
}
