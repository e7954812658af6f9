/* Sessions: their table, and the one place that changes a state. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/session.h"

#include <arpa/inet.h>
#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "loop/loop.h"
#include "session/admit.h"
#include "session/ending.h"
#include "session/look.h"
#include "session/room.h"
#include "session/spec.h"
#include "session/start.h"
#include "store/event.h"
#include "store/rows.h"

#define NAME_RANDOM 8 /* characters behind the name's front (contract 5.1) */

const char *session_state_word(enum session_state state)
{
    static const char *const words[] = {
        [SESSION_SPARE] = "spare",   [SESSION_STARTING] = "starting", [SESSION_RUNNING] = "running",
        [SESSION_FROZEN] = "frozen", [SESSION_SAVING] = "saving",     [SESSION_SAVED] = "saved",
        [SESSION_GONE] = "gone",
    };

    return words[state];
}

struct session *session_find(struct sessions *all, const char *name)
{
    struct session *s;

    HASH_FIND(by_name, all->by_name, name, strlen(name), s);
    return s;
}

struct session *session_by_id(struct sessions *all, const struct id *id)
{
    struct session *s;

    HASH_FIND(by_id, all->by_id, id, sizeof *id, s);
    return s;
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

size_t session_count(const struct sessions *all)
{
    return all->live;
}

const char *session_address_text(char text[SESSION_ADDRESS_TEXT], const uint8_t address[16])
{
    char plain[INET6_ADDRSTRLEN];

    network_address_text(plain, address);
    snprintf(text, SESSION_ADDRESS_TEXT, network_is_v4(address) ? "%s" : "[%s]", plain);
    return text;
}

struct session *session_add(struct sessions *all, const struct id *id, const char *name, enum session_state state)
{
    struct session *s = mem_zero(1, sizeof *s);

    s->all = all;
    s->id = *id;
    str_copy(s->name, sizeof s->name, name);
    s->state = state;
    s->cpu_us = -1;
    s->made = s->still_since = loop_now(all->parts.loop);
    s->changed = all->sweeper ? sweep_turn(all->sweeper) : 0;
    HASH_ADD(by_id, all->by_id, id, sizeof s->id, s);
    HASH_ADD(by_name, all->by_name, name[0], strlen(s->name), s);
    if (state == SESSION_GONE) {
        list_add(&all->gone_list, &s->gone_node);
        all->gone++;
    } else {
        all->live++;
        admit_claim(all);
    }
    return s;
}

void session_free(struct session *s)
{
    struct sessions *all = s->all;

    look_forget(s);
    ending_forget(s);
    if (s->start)
        start_abandon(s);
    list_remove(&s->gone_node);
    HASH_DELETE(by_id, all->by_id, s);
    HASH_DELETE(by_name, all->by_name, s);
    free(s);
}

void sessions_trim(struct sessions *all)
{
    while (all->gone > SESSION_GONE_MAX) {
        struct session *s = container_of(all->gone_list.next, struct session, gone_node);

        routes_forget(s);
        session_free(s);
        all->gone--;
    }
}

int session_row(const struct session *s, struct store_session *row, struct err *e)
{
    int found = store_session_get(s->all->parts.store, &s->id, row, e);

    return found > 0 ? 0 : found < 0 ? -1 : err_set(e, ERR_INTERNAL, "a session has no row");
}

/* Row, container's row and event, all or nothing. */
static int commit(struct session *s, enum session_state to, const struct err *why, struct err *e)
{
    struct store *store = s->all->parts.store;
    struct store_container container = {.id = s->container, .session = s->id};
    struct store_event event = {.kind = "session.answered", .session = &s->id, .container = &s->container};
    cleanup_rollback struct store *open = NULL;
    struct store_session row;

    if (store_begin(store, e) < 0)
        return -1;
    open = store;
    if (session_row(s, &row, e) < 0 || store_container_get(store, &s->container, &container, e) < 0)
        return -1;
    str_copy(row.state, sizeof row.state, session_state_word(to));
    if (to == SESSION_RUNNING)
        row.answered = clock_utc_ms();
    if (to == SESSION_GONE) {
        row.ended = container.ended = clock_utc_ms();
        row.code = why->code;
        str_copy(row.text, sizeof row.text, why->text);
        event.kind = "session.ended";
        event.code = why->code;
    }
    if (store_session_put(store, &row, e) < 0 || store_container_put(store, &container, e) < 0 ||
        store_event_add(store, &event, e) < 0)
        return -1;
    return store_commit(store, e);
}

/* Route, container and clocks follow the state. */
static void follow(struct session *s)
{
    struct sessions *all = s->all;

    s->changed = sweep_turn(all->sweeper);
    if (s->state == SESSION_RUNNING) {
        s->still_since = loop_now(all->parts.loop);
        s->heard = true;
    }
    if (s->state == SESSION_GONE) {
        look_forget(s);
        ending_forget(s);
        list_add(&all->gone_list, &s->gone_node);
        all->gone++;
        all->live--;
        admit_claim(all);
    }
    routes_tell(s);
    sweep_within(all->sweeper, s->state == SESSION_GONE ? 0 : all->settings.sweep_ms);
}

void session_cause(struct session *s, enum session_cause cause, const struct err *why)
{
    enum session_state to = s->state;
    char text[ID_TEXT];
    struct err e, gone;

    if (!session_rule(&to, cause))
        return;
    if (!why)
        err_set(&gone, ERR_SESSION_GONE, "%s", err_info(ERR_SESSION_GONE)->sentence);
    if (commit(s, to, why ? why : &gone, &e) < 0) {
        /* As it was: the sweeper sees it again, and tries again. */
        log_err(LOG_ERR, &e, "a session stays %s SESSION=%s", session_state_word(s->state), id_text(text, &s->id));
        sweep_within(s->all->sweeper, s->all->settings.sweep_ms);
        return;
    }
    s->state = to;
    if (to == SESSION_GONE) {
        s->code = why ? why->code : gone.code;
        log_err(LOG_NOTICE, why ? why : &gone, "session ended SESSION=%s", id_text(text, &s->id));
    } else {
        log_line(LOG_INFO, ERR_NONE, "session %s SESSION=%s", session_state_word(to), id_text(text, &s->id));
    }
    follow(s);
    if (to == SESSION_GONE && s->start)
        start_stop(s, why ? why : &gone);
}

void session_door_of(struct session_door *out, const struct session *s)
{
    out->id = s->id;
    str_copy(out->name, sizeof out->name, s->name);
    session_token(out->token, s->all->secret, &s->id);
}

/* An op that has its result already, and tells it in the next turn. */
struct settled {
    struct op op;
    struct list node; /* among the room's */
    struct loop_timer *timer;
    struct done done;
    struct err e;
};

static void settled_cancel(struct op *op)
{
    struct settled *t = container_of(op, struct settled, op);

    list_remove(&t->node);
    loop_timer_cancel(&t->timer);
    free(t);
}

void settled_drop(struct sessions *all)
{
    list_for_each_safe (node, &all->settled)
        settled_cancel(&container_of(node, struct settled, node)->op);
}

static void settled_tell(void *arg)
{
    struct settled *t = arg;
    struct settled told = *t;

    list_remove(&t->node);
    free(t);
    done_call(told.done, told.e.code ? &told.e : NULL);
}

static struct op *settle(struct sessions *all, const struct err *e, struct done done)
{
    struct settled *t = mem_zero(1, sizeof *t);

    t->op.cancel = settled_cancel;
    t->done = done;
    if (e)
        t->e = *e;
    list_add(&all->settled, &t->node);
    t->timer = loop_timer_new(all->parts.loop, 0, settled_tell, t);
    return &t->op;
}

static void fill_row(struct store_session *row, const struct session_spec *spec, const struct store_image *image)
{
    char random[NAME_RANDOM + 1];

    id_random_text(random, NAME_RANDOM, "abcdefghijklmnopqrstuvwxyz0123456789");
    snprintf(row->name, sizeof row->name, "%s%s", spec->name_front, random);
    str_copy(row->image_name, sizeof row->image_name, image->name);
    str_copy(row->repo_url, sizeof row->repo_url, spec->repo_url);
    str_copy(row->ref_url, sizeof row->ref_url, spec->ref_url);
    str_copy(row->request, sizeof row->request, spec->request);
    str_copy(row->persistent_request, sizeof row->persistent_request, spec->persistent_request);
    str_copy(row->launch_host, sizeof row->launch_host, spec->launch_host);
    str_copy(row->state, sizeof row->state, session_state_word(SESSION_STARTING));
}

/* Intent before effect (decisions 10): the rows are there before the engine is asked. */
static int commit_new(struct sessions *all, const struct session_spec *spec, struct store_session *row,
                      struct store_container *container, struct err *e)
{
    struct store *store = all->parts.store;
    cleanup_rollback struct store *open = NULL;
    struct store_event event = {
        .kind = "session.made", .session = &row->id, .container = &container->id, .image = &spec->image};
    struct store_image image;
    int found;

    if (store_begin(store, e) < 0)
        return -1;
    open = store;
    found = store_image_get(store, &spec->image, &image, e);
    if (found == 0)
        return err_set(e, ERR_SESSION_IMAGE, "the image was removed before its session began");
    if (found < 0)
        return -1;
    fill_row(row, spec, &image);
    image.used = row->created;
    if (store_image_put(store, &image, e) < 0 || store_session_put(store, row, e) < 0 ||
        store_container_put(store, container, e) < 0 || store_event_add(store, &event, e) < 0)
        return -1;
    return store_commit(store, e);
}

struct op *session_start(struct sessions *all, const struct session_spec *spec, struct session_door *out,
                         struct done done)
{
    struct store_session row = {.id = spec->id, .image = spec->image, .created = clock_utc_ms()};
    struct store_container container = {.id = id_new(), .session = spec->id, .created = row.created};
    struct session *s;
    struct err e;

    if (session_by_id(all, &spec->id))
        return session_resume(all, &spec->id, out, done);
    if (session_check_place(all, &e) < 0 || commit_new(all, spec, &row, &container, &e) < 0)
        return settle(all, &e, done);
    s = session_add(all, &row.id, row.name, SESSION_STARTING);
    s->container = container.id;
    sweep_within(all->sweeper, all->settings.sweep_ms);
    return start_begin(s, "", out, done);
}

struct op *session_resume(struct sessions *all, const struct id *id, struct session_door *out, struct done done)
{
    struct session *s = session_by_id(all, id);
    struct store_session row;
    struct err e;

    if (!s || s->state == SESSION_GONE) {
        err_set(&e, ERR_SESSION_GONE, "%s", err_info(ERR_SESSION_GONE)->sentence);
        return settle(all, &e, done);
    }
    if (s->state == SESSION_RUNNING) {
        session_door_of(out, s);
        return settle(all, NULL, done);
    }
    if (s->start)
        err_set(&e, ERR_INTERNAL, "a session's start is under way already");
    if (s->start || session_row(s, &row, &e) < 0)
        return settle(all, &e, done);
    return start_begin(s, row.step, out, done);
}
