/* The configuration as JSON, for `ringbinder config` and `ringbinder check-config`. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "describe.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "conf_key.h"
#include "judge.h"

#define DESCRIPTION_MAX (1 << 20)

static void add_string(struct buf *json, const char *key, const char *text)
{
    buf_add_format(json, "\"%s\": ", key);
    if (text)
        json_add_string(json, text, strlen(text));
    else
        buf_add_text(json, "null");
}

struct faults {
    struct buf *json;
    size_t count;
};

static void add_fault(void *arg, const struct err *e)
{
    struct faults *faults = arg;
    char code[16];

    snprintf(code, sizeof code, "RB%04d", (int)e->code);
    buf_add_text(faults->json, faults->count++ ? ", {" : "{");
    add_string(faults->json, "code", code);
    buf_add_text(faults->json, ", ");
    add_string(faults->json, "text", e->text);
    buf_add_char(faults->json, '}');
}

static void add_values(struct buf *json, const char *name, const struct conf *c, const struct conf_key *key)
{
    bool list = key->kind == CONF_LIST;
    cleanup_buf struct buf text = BUF_OF(DESCRIPTION_MAX);

    buf_add_format(json, "\"%s\": ", name);
    if (key->flags & CONF_SECRET) {
        buf_add_text(json, "null");
        return;
    }
    if (list)
        buf_add_char(json, '[');
    for (size_t i = 0; conf_key_text(&text, c, key, i); i++) {
        if (i)
            buf_add_text(json, ", ");
        json_add_string(json, buf_text(&text), text.len);
        buf_clear(&text);
    }
    if (list)
        buf_add_char(json, ']');
}

static void add_key(struct buf *json, const struct conf *c, const struct conf *standard, const struct conf_key *key)
{
    const struct conf_place *place = &c->places[key - conf_keys];
    cleanup_buf struct buf set = BUF_OF(DESCRIPTION_MAX);

    if (place->path)
        buf_add_format(&set, "%s:%d", place->path, place->line);
    buf_add_text(json, key == conf_keys ? "{" : ",\n{");
    add_string(json, "key", key->name);
    buf_add_text(json, ", ");
    add_values(json, "value", c, key);
    buf_add_text(json, ", ");
    add_values(json, "default", standard, key);
    buf_add_text(json, ", ");
    add_string(json, "set_in", place->path ? buf_text(&set) : NULL);
    buf_add_format(json, ", \"secret\": %s, ", key->flags & CONF_SECRET ? "true" : "false");
    add_string(json, "help", key->help);
    buf_add_char(json, '}');
}

int describe(const char *path, FILE *to)
{
    cleanup_buf struct buf json = BUF_OF(DESCRIPTION_MAX);
    struct faults faults = {&json, 0};
    struct conf conf, standard;
    struct err e;

    buf_add_text(&json, "{\"faults\": [");
    conf_read_all(&conf, path, add_fault, &faults);
    if (!faults.count && conf_judge(&conf, &e) < 0)
        add_fault(&faults, &e);
    if (conf_read(&standard, NULL, &e) < 0)
        add_fault(&faults, &e);
    buf_add_text(&json, "],\n\"keys\": [");
    for (const struct conf_key *key = conf_keys; key->name; key++)
        add_key(&json, &conf, &standard, key);
    fprintf(to, "%s]}\n", buf_text(&json));
    conf_free(&conf);
    conf_free(&standard);
    return faults.count ? 1 : 0;
}
