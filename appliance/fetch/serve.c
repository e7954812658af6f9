/* One conversation with the daemon. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/serve.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "fetch/context.h"
#include "fetch/folder.h"
#include "fetch/open.h"
#include "fetch/resolve.h"
#include "fetch/sandbox.h"

#define RESOLVE_BYTES (16 << 20)          /* of the folder while only a question is asked: git keeps nothing */
#define REPOSITORY_MAX (INT64_C(1) << 50) /* above any disk; a larger size_max is this */

static int send_plan(struct conn *conn, const struct plan *plan, struct err *e)
{
    struct wire_fetch_message m = {.kind = WIRE_FETCH_PLAN,
                                   .lane = plan->lane,
                                   .online = plan->render_online,
                                   .images = (uint32_t)plan->n_images,
                                   .why = slice_of(plan->why),
                                   .added = slice_of(plan->added ? plan->added : "")};

    for (size_t i = 0; i < plan->n_images; i++)
        m.dockerfile[i] = slice_of(plan->images[i].dockerfile);
    return conn_send(conn, &m, e);
}

/* In order, each at most once; some may be passed over: the daemon has the image of the first already. */
static int send_contexts(const struct git *g, const struct opened *o, struct err *e)
{
    for (uint32_t next = 0; next < o->plan->n_images;) {
        struct context context = {.git = g, .tree = o->tree, .repository = o->repository, .url = o->url};
        struct wire_fetch_message m;

        if (conn_next(g->conn, &m, e) < 0)
            return -1;
        if (m.kind != WIRE_FETCH_CONTEXT || m.context < next || m.context >= o->plan->n_images)
            return err_set(e, ERR_WIRE_MALFORMED, "a frame of kind %d for context %u where one from %u was due", m.kind,
                           m.context, next);
        context.image = &o->plan->images[m.context];
        next = m.context + 1;
        if (context_send(&context, e) < 0)
            return -1;
    }
    return 0;
}

static int open_and_send(struct conn *conn, struct git *g, const struct wire_fetch_message *m, struct err *e)
{
    CLEANUP(opened_free) struct opened o = {0};

    g->size_max = m->size_max > REPOSITORY_MAX ? REPOSITORY_MAX : (int64_t)m->size_max;
    if (open_commit(&o, g, m, e) < 0 || send_plan(conn, o.plan, e) < 0)
        return -1;
    return send_contexts(g, &o, e);
}

/* Nothing of a stranger's has been read yet; what the daemon's OPEN names, its own bundle of certificates, still can
 * be. */
static int lock_in(const char *folder, const struct wire_fetch_message *m, struct err *e)
{
    cleanup_free char *bundle = mem_copy(m->ca_bundle.at, m->ca_bundle.len);

    return sandbox_enter(NULL, folder, *bundle ? bundle : NULL, e);
}

static int converse(struct conn *conn, struct err *e)
{
    cleanup_folder char *folder = NULL;
    struct git g = {.conn = conn, .size_max = RESOLVE_BYTES};
    struct wire_fetch_message m;

    if (folder_make(&folder, e) < 0 || conn_next(conn, &m, e) < 0)
        return -1;
    g.folder = folder;
    if (m.kind != WIRE_FETCH_RESOLVE && m.kind != WIRE_FETCH_OPEN)
        return err_set(e, ERR_WIRE_MALFORMED, "a frame of kind %d begins nothing", m.kind);
    if (m.version != WIRE_FETCH_VERSION)
        return err_set(e, ERR_FETCH_VERSION, "the daemon speaks version %u, this program %d", m.version,
                       WIRE_FETCH_VERSION);
    if (lock_in(folder, &m, e) < 0)
        return -1;
    return m.kind == WIRE_FETCH_RESOLVE ? resolve_answer(&g, &m, e) : open_and_send(conn, &g, &m, e);
}

void serve(struct conn *conn)
{
    struct wire_fetch_message end = {.kind = WIRE_FETCH_END};
    struct err e = {0}, unheard;

    if (converse(conn, &e) < 0) {
        end.code = e.code;
        end.text = slice_of(e.text);
    }
    /* Who has closed the connection knows why, and does not wait for the end after the last context. */
    if (e.code != ERR_FETCH_CANCELLED && conn_send(conn, &end, &unheard) < 0 && end.code)
        log_err(LOG_INFO, &e, "nobody heard the end of a fetch");
}
