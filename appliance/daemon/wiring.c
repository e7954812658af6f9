/* The daemon: its rooms are made in the order in which they stand on each other. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "wiring.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/build.h"
#include "certificates.h"
#include "engine/egress.h"
#include "engine/engine.h"
#include "engine/ledger.h"
#include "federation/health.h"
#include "front.h"
#include "history.h"
#include "identity.h"
#include "launch/launch.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "provider/provider.h"
#include "session/session.h"
#include "store/store.h"
#include "wire/wire.h"

#define STEP_MEMORY_LEAST 67108864 /* build_memory_limit's own least: a step is never without a limit */
#define ENGINE_WAIT_MS 1000        /* at the start; without an engine, it serves all the same */

struct daemon {
    const struct conf *conf;
    const char *dir;
    struct identity identity;
    char *portal_url, *hub_url, *web_dir; /* what an empty key stands for */
    struct loop *loop;
    struct loop_signal *term, *interrupt;
    struct outbound *outbound;
    struct store *store;
    struct egress *egress; /* NULL: fetches are not kept from private addresses */
    struct engine *engine;
    struct ledger ledger;
    struct watch on_engine; /* until it has answered once */
    struct loop_timer *waited;
    bool stopping;
    struct sessions *sessions;
    struct builds *builds;
    struct launches *launches;
    struct health *health;
    struct api *api;
    struct history *history;
};

static void stop(void *arg)
{
    struct daemon *d = arg;

    sd_notify(0, "STOPPING=1");
    d->stopping = true;
    loop_stop(d->loop);
}

static int processors(int64_t wanted)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    return wanted ? (int)wanted : online > 0 ? (int)online : 1;
}

/* `web` beside the program, as in a build folder; else where the package has it. */
static char *web_folder(void)
{
    char program[512];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    cleanup_free char *beside = NULL;
    struct stat about;

    program[len > 0 ? len : 0] = '\0';
    while (len > 0 && program[len - 1] != '/')
        program[--len] = '\0';
    beside = mem_format("%sweb", program);
    return stat(beside, &about) == 0 && S_ISDIR(about.st_mode) ? STEAL(beside) : mem_string(WEBDIR);
}

static void set_names(struct daemon *d)
{
    const struct conf *c = d->conf;

    d->portal_url = *c->portal_url ? mem_string(c->portal_url) : mem_format("http://%s", c->portal_listen);
    if (*c->hub_url)
        d->hub_url = mem_format("%s%s", c->hub_url, str_ends(c->hub_url, "/") ? "" : "/");
    else
        d->hub_url = mem_format("http://%s/", c->sessions_listen);
    d->web_dir = *c->web_dir ? mem_string(c->web_dir) : web_folder();
}

static int inherited(int *out, const char *name, struct err *e)
{
    *out = fd_inherited(name);
    if (*out < 0)
        return err_set(e, ERR_SYSTEM, "the socket %s was not handed over: start it with `ringbinder up`", name);
    return 0;
}

static int make_ground(struct daemon *d, struct err *e)
{
    cleanup_free char *state = mem_format("%s/" STATE_FILE, d->dir);
    const struct engine_settings engine = {
        .socket = d->conf->engine_socket,
        .instance = d->identity.instance,
        .ask_again_ms = (int)d->conf->engine_ask_again,
        .cgroup_parent = *d->conf->engine_cgroup_parent ? d->conf->engine_cgroup_parent : NULL,
    };
    const struct ledger_reserve reserve = {d->conf->mem_reserve, (int)d->conf->mem_reserve_percent};

    ledger_init(&d->ledger, ledger_machine_bytes(), &reserve);
    if (loop_new(&d->loop, e) < 0 || outbound_new(&d->outbound, d->loop, e) < 0)
        return -1;
    d->term = loop_signal_new(d->loop, SIGTERM, stop, d);
    d->interrupt = loop_signal_new(d->loop, SIGINT, stop, d);
    if (store_open(&d->store, state, e) < 0)
        return -1;
    return engine_new(&d->engine, d->loop, d->outbound, &engine, e);
}

/* Before anything is fetched. Without it the appliance works, for visitors of this machine. */
static int make_egress(struct daemon *d, struct err *e)
{
    const struct egress_settings settings = {
        .instance = d->identity.instance,
        .fetch_uid = (uint32_t)d->conf->fetch_uid,
        .allow = (const char *const *)d->conf->fetch_allow,
    };

    if (egress_new(&d->egress, &settings, e) < 0)
        log_err(LOG_ERR, e, "let only people of this machine in");
    return 0;
}

static void engine_changed(void *arg)
{
    struct daemon *d = arg;

    if (engine_state(d->engine) == ERR_NONE)
        loop_stop(d->loop);
}

static void waited_enough(void *arg)
{
    struct daemon *d = arg;

    d->waited = NULL;
    loop_stop(d->loop);
}

/* The engine is asked before anything that was under way goes on: a session's start would fail for want of an engine
 * that merely has not answered yet. Who connects meanwhile waits in the kernel's queue. */
static int meet_engine(struct daemon *d, struct err *e)
{
    int result;

    d->on_engine = (struct watch){.wake = engine_changed, .arg = d};
    engine_watch(d->engine, &d->on_engine);
    d->waited = loop_timer_new(d->loop, ENGINE_WAIT_MS, waited_enough, d);
    result = loop_run(d->loop, e);
    loop_timer_cancel(&d->waited);
    watch_end(&d->on_engine);
    return result;
}

static int make_sessions(struct daemon *d, struct err *e)
{
    const struct conf *c = d->conf;
    const struct session_parts parts = {d->loop, d->store, d->engine, d->outbound, &d->ledger};
    cleanup_free char *door = mem_format("%s/run/door.sock", d->dir);
    struct session_gateway gateway;
    struct session_settings settings = {
        .hub_url = d->hub_url,
        .door_socket = door,
        .secret = d->identity.secret,
        .memory_bytes = c->mem_limit,
        .memory_guarantee_bytes = c->mem_guarantee,
        .cpu_millis = c->cpu_limit,
        .processes = (int)c->process_limit,
        .answer_limit_ms = (int)c->start_timeout,
        .idle_ms = (int)c->idle_limit,
        .age_ms = (int)c->age_limit,
        .sweep_ms = (int)c->sweep,
        .grace_ms = (int)c->idle_grace,
        .allow_origin = *c->jupyter_allow_origin ? c->jupyter_allow_origin : NULL,
        .default_url = *c->jupyter_default_url ? c->jupyter_default_url : NULL,
        .extra_arguments = (const char *const *)c->jupyter_args,
        .gateway = &gateway,
    };

    if (front_read(&gateway, c, d->portal_url, e) < 0 || inherited(&settings.control_fd, "control", e) < 0)
        return -1;
    return sessions_new(&d->sessions, &parts, &settings, e);
}

static int make_builds(struct daemon *d, struct err *e)
{
    const struct conf *c = d->conf;
    const struct build_parts parts = {d->loop, d->store, d->engine, &d->ledger};
    cleanup_free char *fetch = mem_format("%s/run/fetch.sock", d->dir);
    cleanup_free char *folder = mem_format("%s/builds", d->dir);
    cleanup_free char *bases = mem_format("%s %s", c->base_image, c->dockerfile_bases);
    cleanup_free char *hidden = mem_format("%s %s", c->image_prefix, c->dockerfile_hidden);
    const struct build_settings settings = {
        .fetch_socket = fetch,
        .folder = folder,
        .base = c->base_image,
        .ca_bundle = certificates_bundle(c->extra_ca),
        .bases = bases,
        .hidden = hidden,
        .repository_max = c->repository_limit,
        .step_memory = ledger_within(&d->ledger, c->build_memory_limit, STEP_MEMORY_LEAST),
        .step_processes = (int)c->build_process_limit,
        .at_a_time = processors(c->concurrent_build_limit),
        .limit_s = (int)(c->build_max_age / 1000),
        .progress_ms = (int)c->build_progress_limit,
        .abandon_ms = (int)c->build_abandon,
        .failed_keep_ms = (int)c->failed_build_keep,
        .disk_bytes = c->build_disk_free,
        .disk_percent = (int)c->build_disk_free_percent,
        .resolve_limit_ms = (int)c->resolve_limit,
        .resolve_keep_ms = (int)c->resolve_keep,
    };

    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return err_set_errno(e, ERR_SYSTEM, "making the folder %s", folder);
    return builds_new(&d->builds, &parts, &settings, e);
}

/* Without the '/' at its end. */
static char *plain_url(const char *url)
{
    size_t len = strlen(url);

    return mem_copy(url, len && url[len - 1] == '/' ? len - 1 : len);
}

static int make_launches(struct daemon *d, struct err *e)
{
    const struct conf *c = d->conf;
    cleanup_free char *github = plain_url(c->github_url), *github_api = plain_url(c->github_api_url);
    const struct provider_host hosts[] = {{"gh", github, github_api, c->github_token}, {0}};
    const struct launch_parts parts = {d->loop, d->store, d->builds, d->sessions};
    const struct launch_settings settings = {
        .image_prefix = c->image_prefix,
        .hub_url = d->hub_url,
        .badge_base_url = *c->badge_base_url ? c->badge_base_url : NULL,
        .hosts = hosts,
        .ref_retry_wait_ms = (int)c->ref_retry_wait,
        .attempts = (int)c->retries,
        .attempt_delay_ms = (int)c->retry_delay,
        .linger_ms = (int)c->linger,
        .keep_ms = (int)c->resume_keep,
        .starts_at_a_time = processors(c->concurrent_start_limit),
    };

    return launches_new(&d->launches, &parts, &settings, e);
}

static int make_front(struct daemon *d, struct err *e)
{
    const struct conf *c = d->conf;
    struct api_parts parts = {d->loop, d->store, d->engine, d->sessions, d->builds, d->launches, NULL};
    struct api_settings settings = {
        .web_dir = d->web_dir,
        .portal_url = d->portal_url,
        .badge_base_url = c->badge_base_url,
        .cors_allow_origin = c->cors_allow_origin,
        .keepalive_ms = (int)c->keepalive,
    };

    d->health = parts.health = health_new(d->loop, d->engine, d->store, c->health_hold);
    if (inherited(&settings.portal_fd, "portal", e) < 0 || inherited(&settings.admin_fd, "admin", e) < 0)
        return -1;
    d->history = history_new(d->loop, d->store, c->history_keep);
    return api_new(&d->api, &parts, &settings, e);
}

static int make(struct daemon *d, struct err *e)
{
    static int (*const rooms[])(struct daemon * d, struct err * e) = {
        make_ground, make_egress, meet_engine, make_sessions, make_builds, make_launches, make_front,
    };

    if (fd_want(e) < 0 || identity_load(&d->identity, d->dir, e) < 0)
        return -1;
    set_names(d);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        if (rooms[i](d, e) < 0)
            return -1;
    return 0;
}

static void unmake(struct daemon *d)
{
    history_free(&d->history);
    api_free(&d->api);
    health_free(&d->health);
    launches_free(&d->launches);
    builds_free(&d->builds);
    sessions_free(&d->sessions);
    engine_free(&d->engine);
    egress_free(&d->egress);
    store_close(&d->store);
    outbound_free(&d->outbound);
    loop_signal_remove(&d->term);
    loop_signal_remove(&d->interrupt);
    loop_free(&d->loop);
    free(d->portal_url);
    free(d->hub_url);
    free(d->web_dir);
}

int daemon_run(const struct conf *conf, const char *dir, struct err *e)
{
    struct daemon d = {.conf = conf, .dir = dir};
    int result = make(&d, e);

    if (result == 0 && !d.stopping) {
        log_line(LOG_NOTICE, ERR_NONE, "ringbinderd " RINGBINDER_VERSION " of instance %s serves %s",
                 d.identity.instance, dir);
        sd_notify(0, "READY=1");
        malloc_trim(0); /* what reading the configuration and the pages took (idle: 15 MB with the gateway) */
        result = loop_run(d.loop, e);
    }
    unmake(&d);
    return result;
}
