/* Who comes back with an event's id goes on in the same launch (decisions 31). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "launch/state.h"
#include "launch/text.h"

char *launch_strip(const char *raw)
{
    size_t len = strlen(raw);

    while (len && raw[len - 1] == '/')
        len--;
    return mem_copy(raw, len);
}

/* One that had ended under an earlier daemon, as its row says. */
static struct launch *take_up_ended(struct launches *all, const struct store_launch *row)
{
    const struct text_subject of = {.provider = row->provider, .spec = row->spec, .step = row->step, .renamed = ""};
    struct launch *l = launch_new(all, row);
    struct err why;

    if (str_is(row->state, "ready") && launch_parse(l, &why) == 0) {
        launch_begin(l, &launch_door_flow, NULL);
        return l;
    }
    err_set(&why, row->code ? (enum err_code)row->code : ERR_INTERNAL, "%s", row->text);
    feed_add_last(&l->feed, text_failed(&of, &why), false);
    return l;
}

static struct launch *find_in_memory(struct launches *all, const struct id *stream)
{
    list_for_each (node, &all->all) {
        struct launch *l = container_of(node, struct launch, node);

        if (id_equal(&l->row.stream, stream))
            return l;
    }
    return NULL;
}

static bool find_row(struct launches *all, const struct id *stream, struct store_launch *out)
{
    struct err e;
    int found = store_launch_by_stream(all->parts.store, stream, out, &e);

    if (found < 0)
        log_err(LOG_ERR, &e, "looking for the launch of a client that came back");
    return found > 0 && out->ended && clock_utc_ms() - out->ended < all->settings.keep_ms;
}

/* "<32 hex digits>-<number>" */
static bool parse_event_id(const char *text, struct id *stream, uint64_t *number)
{
    struct slice digits = slice_of(text ? text : ""), front = slice_cut(&digits, '-');
    cleanup_free char *hex = mem_copy(front.at, front.len);

    return id_parse(stream, hex) && str_number(number, digits, FEED_LAST);
}

/* Whether the row is of what is asked for; HEAD may have taken the place of the ref since (contract 2.4). */
static bool is_of(const struct store_launch *row, const char *provider, const char *spec)
{
    const char *ref = strrchr(row->spec, '/');

    if (!str_is(row->provider, provider))
        return false;
    return str_is(row->spec, spec) ||
           (ref && str_is(ref, "/HEAD") && strncmp(spec, row->spec, (size_t)(ref + 1 - row->spec)) == 0);
}

bool launch_find(struct launches *all, const struct launch_request *request, struct launch_place *out)
{
    cleanup_free char *spec = launch_strip(request->spec);
    struct store_launch row;
    struct id stream;
    struct launch *l;

    if (!parse_event_id(request->last_event_id, &stream, &out->after))
        return false;
    out->launch = NULL;
    if (out->after == FEED_LAST)
        return true;
    l = find_in_memory(all, &stream);
    if (l)
        row = l->row;
    else if (!find_row(all, &stream, &row))
        return false;
    if (!is_of(&row, request->provider, spec))
        return false;
    out->launch = l ? l : take_up_ended(all, &row);
    return true;
}
