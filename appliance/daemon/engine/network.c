/* The network on which our containers run: of this instance alone, without traffic between them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/job.h"
#include "engine/state.h"

#define STEP_S 30
#define MTU_MAX 65535u
/* How long another's making may take until it is seen. */
#define SEEN_AGAIN_MS 50
#define SEEN_TRIES 60
/* A busy engine takes a container's place on the network away a moment after it has said that the container is gone. */
#define LEFT_AGAIN_MS 100
#define LEFT_TRIES 50

const char *engine_network_name(char name[ENGINE_NETWORK_NAME], const struct engine *en)
{
    snprintf(name, ENGINE_NETWORK_NAME, "ringbinder-%s", en->instance);
    return name;
}

/* The interface whose destination and mask are zero: columns 1, 2 and 8 (proc(5)). */
static bool default_interface(char name[32], const char *routes)
{
    for (const char *line = routes; line; line = strchr(line, '\n')) {
        unsigned destination, mask;

        line += *line == '\n';
        if (sscanf(line, "%31s %8x %*s %*s %*s %*s %*s %8x", name, &destination, &mask) == 3 && !destination && !mask)
            return true;
    }
    return false;
}

static bool read_text(char *to, size_t room, const char *path)
{
    cleanup_file FILE *file = fopen(path, "re");
    size_t got = file ? fread(to, 1, room - 1, file) : 0;

    to[got] = '\0';
    return got > 0;
}

int engine_network_mtu(const char *routes, const char *net)
{
    char name[32], path[256], text[16];
    struct slice rest;
    uint64_t mtu = 0;

    if (!default_interface(name, routes))
        return 0;
    snprintf(path, sizeof path, "%s/%s/mtu", net, name);
    if (!read_text(text, sizeof text, path))
        return 0;
    rest = slice_of(text);
    str_number(&mtu, slice_cut(&rest, '\n'), MTU_MAX);
    return (int)mtu;
}

/* What leaves through a tunnel or a cloud's network must fit it: Docker's bridges take 1500 whatever is behind them. */
static char *network_body(const struct engine *en)
{
    char name[ENGINE_NETWORK_NAME], bridge[16], routes[8192];
    int mtu = read_text(routes, sizeof routes, "/proc/net/route") ? engine_network_mtu(routes, "/sys/class/net") : 0;
    char mtu_text[16];

    snprintf(bridge, sizeof bridge, "rb-%s", en->instance);
    snprintf(mtu_text, sizeof mtu_text, "%d", mtu ? mtu : 1500);
    return job_body(json_pack("{s:s, s:b, s:s, s:{s:s, s:s, s:s}, s:{s:s}}", "Name", engine_network_name(name, en),
                              "CheckDuplicate", 1, "Driver", "bridge", "Options", "com.docker.network.bridge.name",
                              bridge, "com.docker.network.bridge.enable_icc", "false", "com.docker.network.driver.mtu",
                              mtu_text, "Labels", ENGINE_LABEL_INSTANCE, en->instance));
}

static enum flow_result want_look(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/networks/%s", job_of(f)->name);
}

static enum flow_result want_make(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    cleanup_free char *body = NULL;

    if (job->answer.status == 200)
        return FLOW_NEXT;
    body = network_body(job->engine);
    return job_ask(f, "POST", body, "/networks/create%s", "");
}

/* Two launches may make it at once: the engine refuses the second before the first one's can be seen. */
static enum flow_result want_refused(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);

    if (e->code != ERR_ENGINE_REFUSED)
        return FLOW_FAIL;
    job->text = mem_string(e->text);
    return FLOW_NEXT;
}

static enum flow_result want_check(struct flow *f, struct err *e)
{
    return job_of(f)->text ? want_look(f, e) : FLOW_NEXT;
}

/* If it is not seen soon, the refusal is the answer. */
static enum flow_result want_unseen(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);

    if (e->code != ERR_ENGINE_MISSING)
        return FLOW_FAIL;
    if (f->tries < SEEN_TRIES) {
        f->delay_ms = SEEN_AGAIN_MS;
        return FLOW_AGAIN;
    }
    err_set(e, ERR_ENGINE_REFUSED, "making the network %s: %s", job->name, job->text);
    return FLOW_FAIL;
}

static const struct flow_step want_steps[] = {
    {"look", STEP_S, want_look, job_bear_missing},
    {"make", STEP_S, want_make, want_refused},
    {"check", STEP_S, want_check, want_unseen},
    {0},
};
static const struct flow_kind want_kind = {want_steps, NULL, job_end};

static enum flow_result remove_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "DELETE", NULL, "/networks/%s", job_of(f)->name);
}

/* 403: somebody is still on it. */
static enum flow_result remove_failed(struct flow *f, struct err *e)
{
    if (job_of(f)->answer.status != 403 || f->tries >= LEFT_TRIES)
        return job_bear_missing(f, e);
    f->delay_ms = LEFT_AGAIN_MS;
    return FLOW_AGAIN;
}

static const struct flow_step remove_steps[] = {{"remove", STEP_S, remove_ask, remove_failed}, {0}};
static const struct flow_kind remove_kind = {remove_steps, NULL, job_end};

static struct op *network_job(struct engine *en, const struct flow_kind *kind, struct done done)
{
    struct job *job = job_new(en, NULL, done);
    char name[ENGINE_NETWORK_NAME];

    job->name = mem_string(engine_network_name(name, en));
    return job_start(job, kind);
}

struct op *engine_network_want(struct engine *en, struct done done)
{
    return network_job(en, &want_kind, done);
}

struct op *engine_network_remove(struct engine *en, struct done done)
{
    return network_job(en, &remove_kind, done);
}
