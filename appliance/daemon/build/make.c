/* An image is made: built, looked at, and only then given its name. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/make.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/image.h"
#include "build/queue.h"
#include "build/room.h"
#include "engine/build.h"
#include "loop/flow.h"
#include "wire/image_name.h"

#define ASK_S 90  /* of a question about an image; the engine room gives up before, and says of whom it waited */
#define SHOWN 144 /* bytes of an image's name in a sentence */
#define NAMED_BY "its Dockerfile names that, or an ONBUILD of its base"

/* ---- arguments ---- */

void build_args_begin(struct pairs *args)
{
    pairs_add(args, "NB_USER", "jovyan");
    pairs_add(args, "NB_UID", "1000");
}

void build_args_add_proxies(struct pairs *args)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "no_proxy",
                                        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            pairs_add(args, names[i], value);
    }
}

/* ---- making ---- */

struct make {
    struct op op;
    struct flow flow;
    struct builds *all;
    struct make_spec spec; /* its texts are owned */
    char *name, *dockerfile, *readable;
    char *made; /* the caller's, 72 bytes */
    char id[72];
    struct engine_image image;
    struct err refused; /* why it is removed */
    struct done done;
};

static struct make *make_of(struct flow *f)
{
    return container_of(f, struct make, flow);
}

/* ---- step build ---- */

static ssize_t pull(void *arg, void *to, size_t room)
{
    struct make *m = arg;

    return m->spec.pull(m->spec.arg, to, room);
}

static void take_line(void *arg, const char *text, size_t len)
{
    struct make *m = arg;

    m->spec.line(m->spec.arg, text, len);
}

/* An engine of today tells the digest, too, which says nothing of whose the image is. */
static int check_read(void *arg, struct slice image, struct err *e)
{
    const struct make *m = arg;
    const struct image_name_rules rules = {slice_of(m->readable), slice_of(m->all->hidden ? m->all->hidden : "")};
    struct slice rest = image, name = slice_cut(&rest, '@');
    int shown = name.len < SHOWN ? (int)name.len : SHOWN;

    switch (image_name_look(name, &rules)) {
    case IMAGE_NAME_FREE:
        return 0;
    case IMAGE_NAME_HIDDEN:
        return err_set(e, ERR_PLAN_IMAGE, "this build reads %.*s, an image of somebody else here: " NAMED_BY, shown,
                       name.at);
    default:
        return err_set(e, ERR_PLAN_IMAGE, "this build reads %.*s, which is no registry's name: " NAMED_BY, shown,
                       name.at);
    }
}

static enum flow_result build_ask(struct flow *f, struct err *e)
{
    struct make *m = make_of(f);
    struct engine_build_spec spec = {.dockerfile = m->dockerfile,
                                     .args = (const char *const *)m->spec.args.items,
                                     .labels = (const char *const *)m->spec.labels.items,
                                     .pull = pull,
                                     .line = take_line,
                                     .reads = check_read,
                                     .arg = m};

    builds_limit(m->all, &spec);
    return flow_wait(f, engine_build(m->all->engine, &spec, m->id, flow_done(f)));
}

/* ---- steps look, drop and name ---- */

static enum flow_result look_ask(struct flow *f, struct err *e)
{
    struct make *m = make_of(f);

    return flow_wait(f, engine_image_inspect(m->all->engine, m->id, &m->image, flow_done(f)));
}

static enum flow_result drop_ask(struct flow *f, struct err *e)
{
    struct make *m = make_of(f);

    if (image_check(&m->image, &m->refused) == 0)
        return FLOW_NEXT;
    return flow_wait(f, engine_image_remove(m->all->engine, m->id, flow_done(f)));
}

/* One without a name does no harm. */
static enum flow_result drop_failed(struct flow *f, struct err *e)
{
    return FLOW_NEXT;
}

static enum flow_result name_ask(struct flow *f, struct err *e)
{
    struct make *m = make_of(f);

    if (m->refused.code) {
        *e = m->refused;
        return FLOW_FAIL;
    }
    return flow_wait(f, engine_image_tag(m->all->engine, m->id, m->name, flow_done(f)));
}

static const struct flow_step make_steps[] = {
    {"build", 0, build_ask, NULL}, /* the build as a whole has a limit */
    {"look", ASK_S, look_ask, NULL}, {"drop", ASK_S, drop_ask, drop_failed}, {"name", ASK_S, name_ask, NULL}, {0},
};

static void make_end(struct flow *f, const struct err *e)
{
    struct make *m = make_of(f);
    struct done done = m->done;

    if (!e)
        memcpy(m->made, m->id, sizeof m->id);
    pairs_free(&m->spec.args);
    pairs_free(&m->spec.labels);
    free(m->image.labels);
    free(m->name);
    free(m->dockerfile);
    free(m->readable);
    free(m);
    done_call(done, e);
}

/* Begun again from its beginning when the build is: no step is committed. */
static const struct flow_kind make_kind = {make_steps, NULL, make_end};

static void make_cancel(struct op *op)
{
    struct make *m = container_of(op, struct make, op);

    flow_abandon(&m->flow, &m->done);
}

struct op *make_image(struct builds *all, struct make_spec *spec, char made[72], struct done done)
{
    struct make *m = mem_zero(1, sizeof *m);

    *m = (struct make){.op = {make_cancel},
                       .all = all,
                       .spec = *spec,
                       .name = mem_string(spec->name),
                       .dockerfile = mem_string(spec->dockerfile),
                       .readable = mem_format("%s %s", all->bases ? all->bases : "", spec->environment),
                       .made = made,
                       .done = done};
    spec->args = spec->labels = (struct pairs){0};
    flow_start(&m->flow, &make_kind, all->loop, NULL);
    return &m->op;
}

void make_more(struct op *op)
{
    struct make *m = container_of(op, struct make, op);

    if (m->flow.out && str_is(m->flow.at->name, "build"))
        engine_build_more(m->flow.out);
}
