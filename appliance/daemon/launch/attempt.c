/* A launch's way to its session: memory, a slot in line, an attempt, and another one (contract 2.11). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"
#include "base/mem.h"
#include "launch/state.h"
#include "launch/text.h"
#include "provider/name.h"

static int take_place(struct launch *l, struct err *e)
{
    if (l->has_place)
        return 0;
    if (session_reserve(l->launches->parts.sessions, e) < 0)
        return -1;
    l->has_place = true;
    return 0;
}

void launch_give_place(struct launch *l)
{
    if (l->has_place)
        session_unreserve(l->launches->parts.sessions);
    l->has_place = false;
}

void launch_give_slot(struct launch *l)
{
    if (l->has_slot)
        slots_give(&l->launches->slots);
    l->has_slot = false;
}

static void tell_place_in_line(void *arg, int place)
{
    struct launch *l = arg;

    feed_add(&l->feed, text_queued(place));
}

/* Waiting in line may take longer than a visitor does. */
static int check_read(const struct launch *l, struct err *e)
{
    if (!launch_is_unread(l))
        return 0;
    return err_set(e, ERR_LAUNCH_UNREAD, "nobody has read this launch for %d s, so it gets no session",
                   LAUNCH_UNREAD_MS / 1000);
}

static void admitted(void *arg, const struct err *none)
{
    struct launch *l = arg;
    struct err nobody;

    l->has_slot = true;
    done_call(flow_done(&l->flow), check_read(l, &nobody) < 0 ? &nobody : NULL);
}

enum flow_result launch_step_admit(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    const struct slots_place in_line = {tell_place_in_line, l};

    if (l->built)
        feed_add(&l->feed, text_built(l->row.image));
    if (take_place(l, e) < 0)
        return FLOW_FAIL;
    feed_add(&l->feed, text_launching());
    return flow_wait(f, slots_wait(&l->launches->slots, &in_line, (struct done){admitted, l}));
}

enum flow_result launch_recover_admit(struct flow *f, struct err *e)
{
    if (e->code == ERR_DEADLINE)
        err_set(e, ERR_LAUNCH_SLOW, "No start slot became free within %d minutes. Please try again later",
                f->at->limit_s / 60);
    return FLOW_FAIL;
}

/* The image's row, where this launch has not seen the build: it went on from here after a restart. */
static int find_image(struct launch *l, struct err *e)
{
    struct store_image row;
    int found;

    if (!id_is_none(&l->image.image))
        return 0;
    found = store_image_by_name(l->launches->parts.store, l->row.image, &row, e);
    if (found == 0)
        return err_set(e, ERR_INTERNAL, "there is no row for the image %s", l->row.image);
    if (found > 0)
        l->image.image = row.id;
    return found < 0 ? -1 : 0;
}

static struct op *start_session(struct launch *l, struct done done)
{
    CLEANUP(launch_told_free) struct launch_told told;
    char front[NAME_USER_FRONT_MAX + 1];
    struct session_spec spec;

    launch_told_of(&told, l);
    name_user_front(front, l->place.repo_url);
    spec = (struct session_spec){
        .id = l->row.session,
        .image = l->image.image,
        .name_front = front,
        .repo_url = l->place.repo_url,
        .ref_url = told.ref_url,
        .request = told.request,
        .persistent_request = told.persistent_request,
        .launch_host = l->row.host,
    };
    return session_start(l->launches->parts.sessions, &spec, &l->door, done);
}

/* NULL: *e says why it cannot be asked for. */
static struct op *ask_for_session(struct launch *l, struct err *e)
{
    const struct launch_parts *parts = &l->launches->parts;
    bool under_way = !id_is_none(&l->row.session);
    struct op *start;

    feed_add(&l->feed, text_requested());
    if (under_way) {
        start = session_resume(parts->sessions, &l->row.session, &l->door, flow_done(&l->flow));
    } else {
        l->row.session = id_new();
        if (find_image(l, e) < 0 || store_launch_put(parts->store, &l->row, e) < 0)
            return NULL;
        launch_give_place(l); /* for the session itself to take */
        start = start_session(l, flow_done(&l->flow));
    }
    feed_add(&l->feed, text_spawning());
    return start;
}

static void another_slot(void *arg, const struct err *none)
{
    struct launch *l = arg;
    struct op *start;
    struct err e;

    l->has_slot = true;
    start = check_read(l, &e) < 0 ? NULL : ask_for_session(l, &e);
    if (start)
        flow_wait_anew(&l->flow, start);
    else
        done_call(flow_done(&l->flow), &e);
}

/* Another attempt stands in line again; a start that the last daemon began goes on anyway, and only has to count. */
enum flow_result launch_step_session(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    const struct slots_place in_line = {tell_place_in_line, l};
    struct op *start;

    if (!l->has_slot && id_is_none(&l->row.session))
        return flow_wait(f, slots_wait(&l->launches->slots, &in_line, (struct done){another_slot, l}));
    if (!l->has_slot)
        slots_take(&l->launches->slots);
    l->has_slot = true;
    start = ask_for_session(l, e);
    return start ? flow_wait(f, start) : FLOW_FAIL;
}

/* What lies in the image itself would only fail again, and an operator's word holds. */
static bool is_worth_another(const struct err *e)
{
    return err_info(e->code)->http_status != 422 && e->code != ERR_SESSION_IMAGE && e->code != ERR_SESSION_STOPPED;
}

/* Contract 2.11: another session, under a new name, after a delay that doubles. Its memory is kept meanwhile. */
enum flow_result launch_recover_session(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    const struct launch_settings *settings = &l->launches->settings;

    if (!l->has_slot && e->code == ERR_DEADLINE) /* in line: no attempt has failed */
        return launch_recover_admit(f, e);
    launch_give_slot(l);
    if (e->code == ERR_SESSION_FULL || e->code == ERR_LAUNCH_UNREAD)
        return FLOW_FAIL;
    if (e->code == ERR_DEADLINE) /* in the contract's words */
        err_set(e, ERR_DEADLINE, "Image %.180s took too long to launch", l->row.image);
    feed_add(&l->feed, text_spawn_failed(e));
    if (f->tries >= settings->attempts || !is_worth_another(e) || take_place(l, e) < 0)
        return FLOW_FAIL;
    log_line(LOG_NOTICE, e->code, "attempt %d failed: %s LAUNCH=%s", f->tries, e->text,
             id_text((char[ID_TEXT]){0}, &l->row.id));
    feed_add(&l->feed, text_again(f->tries));
    l->row.session = (struct id){0};
    f->delay_ms = settings->attempt_delay_ms << (f->tries - 1);
    return FLOW_AGAIN;
}
