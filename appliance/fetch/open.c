/* OPEN: one commit, from its server to a plan, and what its contexts are made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/open.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fetch/bring.h"
#include "fetch/folder.h"
#include "fetch/lfs.h"
#include "fetch/modules.h"
#include "fetch/source.h"

#define CA_BUNDLE_MAX (4 << 20) /* bytes */

static int read_bundle(struct buf *out, const char *path, struct err *e)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;
    char *to;

    *out = BUF_OF(CA_BUNDLE_MAX + 1);
    if (fd < 0)
        return err_set_errno(e, ERR_SYSTEM, "the CA bundle %s", path);
    while ((to = buf_reserve(out, CA_BUNDLE_MAX + 1 - out->len)) &&
           (got = read(fd, to, CA_BUNDLE_MAX + 1 - out->len)) > 0)
        buf_added(out, (size_t)got);
    if (got < 0)
        return err_set_errno(e, ERR_SYSTEM, "the CA bundle %s", path);
    if (out->len > CA_BUNDLE_MAX)
        return err_set(e, ERR_TOO_LARGE, "the CA bundle %s has more than %d bytes", path, CA_BUNDLE_MAX);
    return 0;
}

int open_settings(struct plan_settings *out, struct buf *ca_bundle, const struct wire_fetch_message *m, struct err *e)
{
    cleanup_free char *path = mem_copy(m->ca_bundle.at, m->ca_bundle.len);

    *out = (struct plan_settings){
        .heredoc = m->can & WIRE_FETCH_CAN_HEREDOC, .python = PLAN_BASE_PYTHON, .bases = m->bases, .hidden = m->hidden};
    if (m->can & WIRE_FETCH_CAN_DOCKERFILE)
        out->lanes |= 1U << PLAN_DOCKERFILE;
    if (m->can & WIRE_FETCH_CAN_LAYERS)
        out->lanes |= 1U << PLAN_LAYERS;
    if (*path && read_bundle(ca_bundle, path, e) < 0)
        return -1;
    out->ca_bundle = (struct slice){buf_text(ca_bundle), ca_bundle->len};
    return 0;
}

static void tell(struct conn *conn, const struct tree *tree)
{
    conn_line(conn, "%zu files and folders, %.1f MB", tree->n, (double)tree->size / (1 << 20));
}

int open_commit(struct opened *o, const struct git *g, const struct wire_fetch_message *m, struct err *e)
{
    struct bring_wish wish;
    struct source source;

    o->url = mem_copy(m->url.at, m->url.len);
    o->commit = mem_copy(m->commit.at, m->commit.len);
    o->ref = mem_copy(m->ref.at, m->ref.len);
    if (!git_is_commit(o->commit))
        return err_set(e, ERR_FETCH_GONE, "%s is no commit: that has 40 hexadecimal digits", o->commit);
    if (open_settings(&o->settings, &o->ca_bundle, m, e) < 0)
        return -1;
    wish = (struct bring_wish){"git", o->url, o->commit, o->ref};
    if (bring_commit(&o->repository, g, &wish, e) < 0 ||
        tree_open(&o->tree, &(struct tree_origin){o->repository, o->commit, o->url}, (uint64_t)g->size_max, e) < 0)
        return -1;
    if (modules_bring(o->tree, g, e) < 0 || lfs_bring(o->tree, g, e) < 0)
        return -1;
    tell(g->conn, o->tree);
    source = source_tree(o->tree);
    if (describe(&o->description, &source, e) < 0)
        return -1;
    o->description.repo.url = o->url;
    o->description.repo.ref = o->commit;
    return plan_make(&o->plan, &o->description.repo, &o->settings, e);
}

void opened_free(struct opened *o)
{
    plan_free(&o->plan);
    description_free(&o->description);
    tree_free(&o->tree);
    folder_remove(&o->repository);
    buf_free(&o->ca_bundle);
    free(o->url);
    free(o->commit);
    free(o->ref);
    *o = (struct opened){0};
}
