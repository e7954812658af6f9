/* Making and freeing the room: settings, and the sessions that were there before the daemon's start. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/room.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "store/rows.h"

static void settings_copy(struct sessions *all, const struct session_settings *from)
{
    struct session_settings *to = &all->settings;
    const char **words;
    size_t count = 0;

    *to = *from;
    to->hub_url = mem_string(from->hub_url);
    to->door_socket = mem_string(from->door_socket);
    to->allow_origin = mem_string(from->allow_origin);
    to->default_url = mem_string(from->default_url);
    while (from->extra_arguments && from->extra_arguments[count])
        count++;
    words = mem_zero(count + 1, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = mem_string(from->extra_arguments[i]);
    to->extra_arguments = words;
    to->gateway = (const struct session_gateway *)mem_copy(from->gateway, sizeof *from->gateway);
    memcpy(all->secret, from->secret, sizeof all->secret);
    to->secret = all->secret;
}

static void settings_free(struct session_settings *settings)
{
    free((char *)settings->hub_url);
    free((char *)settings->door_socket);
    free((char *)settings->allow_origin);
    free((char *)settings->default_url);
    for (const char *const *word = settings->extra_arguments; *word; word++)
        free((char *)*word);
    free((char **)settings->extra_arguments);
    free((struct session_gateway *)settings->gateway);
}

/* The age goes on over a restart; who was at work does not, so that a restart ends nobody's session (decisions 6). */
static void load_session(void *arg, const struct store_session *row)
{
    struct sessions *all = arg;
    bool running = str_is(row->state, session_state_word(SESSION_RUNNING));
    struct session *s = session_add(all, &row->id, row->name, running ? SESSION_RUNNING : SESSION_STARTING);

    s->made -= clock_utc_ms() - row->created;
    s->claim_by = all->began + SESSION_CLAIM_MS;
}

static void load_gone(void *arg, const struct store_session *row)
{
    session_add(arg, &row->id, row->name, SESSION_GONE)->code = (enum err_code)row->code;
}

static void load_container(void *arg, const struct store_container *row)
{
    struct session *s = session_by_id(arg, &row->session);

    if (s && s->state != SESSION_GONE)
        s->container = row->id;
}

static int load(struct sessions *all, struct err *e)
{
    struct store *store = all->parts.store;

    if (store_session_load_ended(store, SESSION_GONE_MAX, load_gone, all, e) < 0)
        return -1;
    if (store_session_load(store, load_session, all, e) < 0)
        return -1;
    return store_container_load(store, load_container, all, e);
}

int sessions_new(struct sessions **out, const struct session_parts *parts, const struct session_settings *settings,
                 struct err *e)
{
    struct sessions *all;

    if (sodium_init() < 0)
        return err_set(e, ERR_SYSTEM, "libsodium does not work here");
    all = mem_zero(1, sizeof *all);
    all->parts = *parts;
    all->began = loop_now(parts->loop);
    list_init(&all->gone_list);
    list_init(&all->settled);
    settings_copy(all, settings);
    if (load(all, e) < 0 || routes_new(&all->routes, all, e) < 0) {
        sessions_free(&all);
        return -1;
    }
    all->sweeper = sweeper_new(all);
    *out = all;
    return 0;
}

void sessions_free(struct sessions **at)
{
    struct sessions *all = *at;
    struct session *s, *next;

    if (!all)
        return;
    all->closing = true;
    settled_drop(all);
    HASH_ITER (by_id, all->by_id, s, next)
        session_free(s);
    sweeper_free(&all->sweeper);
    routes_free(&all->routes);
    settings_free(&all->settings);
    sodium_memzero(all->secret, sizeof all->secret);
    free(all);
    *at = NULL;
}
