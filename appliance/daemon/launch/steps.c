/* The steps of a launch: resolve, image, build, admit, session, ready. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "launch/state.h"
#include "launch/text.h"
#include "provider/ask.h"
#include "provider/name.h"

struct launch *launch_of_flow(struct flow *f)
{
    return container_of(f, struct launch, flow);
}

static const char *prefix_of(const struct launch *l)
{
    return provider_prefix(l->place.provider);
}

/* The row keeps the spec as it was asked for until HEAD has a commit: a restart begins with it, and a failure names it.
 */
static char *head_spec(const struct launch *l)
{
    return mem_format("%sHEAD", l->place.spec_front);
}

/* Contract 2.4: an answer without a commit is a failure of this step. */
static void resolved(void *arg, const struct err *e)
{
    struct launch *l = arg;
    struct err none;

    if (!e && !l->row.ref[0]) {
        err_set(&none, ERR_LAUNCH_NO_REF, "there is no %s", l->place.ref);
        e = &none;
    }
    if (!e && l->renamed[0]) {
        cleanup_free char *head = head_spec(l);

        str_copy(l->row.spec, sizeof l->row.spec, head);
    }
    done_call(flow_done(&l->flow), e);
}

static enum flow_result step_resolve(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    const struct provider_host *host = provider_host_of(l->launches->settings.hosts, l->place.provider);
    cleanup_free char *head = l->renamed[0] ? head_spec(l) : NULL;
    struct build_question question = {.provider = prefix_of(l), .spec = head ? head : l->row.spec};

    if (l->place.exact) {
        str_copy(l->row.ref, sizeof l->row.ref, l->place.ref);
        return FLOW_NEXT;
    }
    if (host)
        question.site = host->site;
    if (host && provider_asks(&l->place)) { /* the token goes where it is needed */
        question.api = host->api;
        question.token = host->token;
    }
    return flow_wait(f, build_resolve(l->launches->parts.builds, &question, l->row.ref, (struct done){resolved, l}));
}

/* Contract 2.4: a default branch that was renamed. */
static enum flow_result recover_resolve(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    struct text_subject of = {.provider = l->row.provider, .spec = l->row.spec, .renamed = l->renamed};

    if (e->code != ERR_LAUNCH_NO_REF || l->renamed[0] || !provider_is_renamed(&l->place))
        return FLOW_FAIL;
    str_copy(l->renamed, sizeof l->renamed, l->place.ref);
    str_copy(l->place.ref, sizeof l->place.ref, "HEAD");
    feed_add(&l->feed, text_head_instead(&of));
    f->delay_ms = l->launches->settings.ref_retry_wait_ms;
    return FLOW_AGAIN;
}

static enum flow_result step_image(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    const struct launches *all = l->launches;

    if (!name_image(l->row.image, all->settings.image_prefix, l->place.slug, l->row.ref)) {
        err_set(e, ERR_LAUNCH_NAME, "the image of %.120s would have a name that is too long", l->place.repo_url);
        return FLOW_FAIL;
    }
    if (store_launch_put(all->parts.store, &l->row, e) < 0)
        return FLOW_FAIL;
    return flow_wait(f, build_image_find(all->parts.builds, l->row.image, &l->image, flow_done(f)));
}

/* The limits of steps in a visitor's words: those of image and admit here. */
static enum flow_result recover_image(struct flow *f, struct err *e)
{
    if (e->code == ERR_DEADLINE)
        err_set(e, ERR_LAUNCH_SLOW, "The container engine did not say within %d s whether this commit has an image",
                f->at->limit_s);
    return FLOW_FAIL;
}

static enum flow_result step_build(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);
    struct builds *builds = l->launches->parts.builds;
    const struct build_spec spec = {
        .image = l->row.image,
        .repo_url = l->place.repo_url,
        .commit = l->row.ref,
        .ref = l->place.ref,
    };
    struct build_log *log;
    struct op *build;

    if (!id_is_none(&l->image.image)) {
        feed_add(&l->feed, text_found(l->row.image));
        return FLOW_NEXT;
    }
    if (session_check_place(l->launches->parts.sessions, e) < 0) /* contract 2.6: before a build, and after it */
        return FLOW_FAIL;
    l->built = l->lingers = true;
    feed_add(&l->feed, text_waiting());
    build = build_want(builds, &spec, &l->image, flow_done(f));
    log = build_log_find(builds, l->row.image);
    if (log)
        feed_add_log(&l->feed, log);
    return flow_wait(f, build);
}

/* Decisions 1: a full commit was taken as it is, and this is where it turns out not to be there. */
static enum flow_result recover_build(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);

    if (e->code == ERR_FETCH_GONE && l->place.by_name && l->place.exact)
        err_set(e, ERR_LAUNCH_NO_REF, "there is no %s", l->place.ref);
    return FLOW_FAIL;
}

void launch_told_free(struct launch_told *t)
{
    free(t->request);
    free(t->persistent_request);
}

void launch_told_of(struct launch_told *t, const struct launch *l)
{
    t->request = mem_format("v2/%s/%s", prefix_of(l), l->row.spec);
    t->persistent_request = mem_format("v2/%s/%s%s", prefix_of(l), l->place.spec_front, l->row.ref);
    if (!provider_ref_url(t->ref_url, &l->place, l->row.ref))
        str_copy(t->ref_url, sizeof t->ref_url, l->place.repo_url);
}

static enum flow_result step_ready(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);

    launch_give_slot(l);
    return launch_move(l, "ready", NULL, e) < 0 ? FLOW_FAIL : FLOW_NEXT;
}

static const struct flow_step steps[] = {
    {"resolve", 620, step_resolve, recover_resolve}, /* the room's own limit is shorter: resolve_limit */
    {"image", 60, step_image, recover_image},
    {"build", 172800, step_build, recover_build}, /* builds have their own limit; this one has the queue in it */
    {"admit", 3600, launch_step_admit, launch_recover_admit},
    {"session", 600, launch_step_session, launch_recover_session}, /* contract 2.11 */
    {"ready", 10, step_ready, NULL},
    {0},
};

/* A session's door is known to the step that asks for it, so `ready` is reached through it again; and a build that was
 * waited for may have ended just before the daemon did. */
const char *launch_step_after_restart(const char *step)
{
    if (str_is(step, "ready"))
        return "session";
    if (str_is(step, "build"))
        return "image";
    for (const struct flow_step *s = steps; s->name; s++)
        if (str_is(s->name, step))
            return step;
    return NULL;
}

/* Odd ones: the log of the build takes the one behind its step. */
static unsigned step_number(const struct flow *f)
{
    return 2 * (unsigned)(f->at - f->kind->steps) + 1;
}

static int enter(struct flow *f, const char *step, struct err *e)
{
    struct launch *l = launch_of_flow(f);

    str_copy(l->row.step, sizeof l->row.step, step);
    feed_step(&l->feed, step_number(f));
    return store_launch_step(l->launches->parts.store, &l->row.id, step, e);
}

void launch_fail(struct launch *l, const char *step, const struct err *why)
{
    const struct text_subject of = {
        .provider = l->row.provider, .spec = l->row.spec, .step = step, .renamed = l->renamed};
    char id[ID_TEXT];
    struct err e;

    log_line(LOG_NOTICE, why->code, "%s LAUNCH=%s STEP=%s", why->text, id_text(id, &l->row.id), step ? step : "door");
    if (step && launch_move(l, "failed", why, &e) < 0)
        log_err(LOG_ERR, &e, "the row of launch %s", id);
    feed_add_last(&l->feed, text_failed(&of, why), false);
}

static void tell_ready(struct launch *l)
{
    CLEANUP(launch_told_free) struct launch_told told;
    cleanup_free char *url = mem_format("%suser/%s/", l->launches->settings.hub_url, l->door.name);
    struct text_ready ready;

    launch_told_of(&told, l);
    ready = (struct text_ready){
        .url = url,
        .token = l->door.token,
        .image = l->row.image,
        .repo_url = l->place.repo_url,
        .ref_url = told.ref_url,
        .launch_host = l->row.host,
        .request = told.request,
        .persistent_request = told.persistent_request,
    };
    feed_add(&l->feed, text_answers(l->door.name));
    feed_add_last(&l->feed, text_ready(&ready), true);
}

static void end(struct flow *f, const struct err *e)
{
    struct launch *l = launch_of_flow(f);
    char id[ID_TEXT], session[ID_TEXT];

    launch_give_slot(l);
    launch_give_place(l);
    if (e) {
        launch_fail(l, l->row.step, e);
    } else {
        log_line(LOG_INFO, ERR_NONE, "ready after %lld ms LAUNCH=%s SESSION=%s",
                 (long long)(l->row.ended - l->row.created), id_text(id, &l->row.id),
                 id_text(session, &l->row.session));
        tell_ready(l);
    }
    launch_ended(l);
}

const struct flow_kind launch_flow = {steps, enter, end};

static enum flow_result step_door(struct flow *f, struct err *e)
{
    struct launch *l = launch_of_flow(f);

    return flow_wait(f, session_resume(l->launches->parts.sessions, &l->row.session, &l->door, flow_done(f)));
}

static const struct flow_step door_steps[] = {{"session", 600, step_door, NULL}, {0}};

/* Its row has ended and stays as it is. */
static int door_enter(struct flow *f, const char *step, struct err *e)
{
    return 0;
}

static void door_end(struct flow *f, const struct err *e)
{
    struct launch *l = launch_of_flow(f);

    if (e)
        launch_fail(l, NULL, e);
    else
        tell_ready(l);
    launch_ended(l);
}

const struct flow_kind launch_door_flow = {door_steps, door_enter, door_end};
