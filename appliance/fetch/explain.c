/* ringbinder-fetch explain: which lane takes a repository, and why. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/explain.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fetch/folder.h"
#include "fetch/open.h"
#include "fetch/resolve.h"
#include "fetch/sandbox.h"
#include "fetch/source.h"
#include "plan/explain.h"

#define NO_LANE 2
#define REPOSITORY_MAX (INT64_C(1) << 30) /* bytes; repository_max's default */
#define PRINTED_MAX (16 << 20)

struct request {
    const char *what, *ref;
    bool json;
};

static int usage(void)
{
    fprintf(stderr, "usage: ringbinder-fetch explain URL|FOLDER [--json] [REF]\n");
    return 1;
}

static bool read_request(struct request *r, int argc, char **argv)
{
    *r = (struct request){0};
    for (int i = 1; i < argc; i++) {
        if (str_is(argv[i], "--json"))
            r->json = true;
        else if (!r->what)
            r->what = argv[i];
        else if (!r->ref)
            r->ref = argv[i];
        else
            return false;
    }
    return r->what;
}

static int print(const struct buf *text)
{
    fputs(buf_text(text), stdout);
    if (text->len && text->bytes[text->len - 1] != '\n')
        putchar('\n');
    return fflush(stdout) == 0 ? 0 : 1;
}

/* What was planned or refused, for a person or a program. */
static int print_plan(const struct request *r, const struct opened *o, const struct err *e)
{
    cleanup_buf struct buf text = BUF_OF(PRINTED_MAX);
    bool whole;

    if (o->plan)
        whole = r->json ? plan_explain_json(&text, o->plan) : plan_explain_text(&text, o->plan);
    else if (r->json)
        whole = plan_explain_refusal_json(&text, &o->description.repo, e);
    else
        whole = plan_explain_refusal_text(&text, &o->description.repo, e);
    if (!whole || print(&text) != 0) {
        fprintf(stderr, "the explanation does not fit, or cannot be written\n");
        return 1;
    }
    return o->plan ? 0 : NO_LANE;
}

static const struct wire_fetch_message everything = {
    .kind = WIRE_FETCH_OPEN,
    .bases = {PLAN_BASE_IMAGE, sizeof PLAN_BASE_IMAGE - 1},
    .can = WIRE_FETCH_CAN_DOCKERFILE | WIRE_FETCH_CAN_LAYERS | WIRE_FETCH_CAN_HEREDOC,
};

/* A folder as it is: what a commit would leave out counts, too. */
static int plan_folder(struct opened *o, const char *path, struct err *e)
{
    cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct source source = source_folder(&folder);

    if (folder < 0)
        return err_set_errno(e, ERR_FETCH_FAILED, "%s", path);
    if (open_settings(&o->settings, &o->ca_bundle, &everything, e) < 0 || describe(&o->description, &source, e) < 0)
        return -1;
    o->description.repo.url = path;
    o->description.repo.ref = "";
    return plan_make(&o->plan, &o->description.repo, &o->settings, e);
}

static int plan_url(struct opened *o, const struct git *g, const struct request *r, struct err *e)
{
    const char *ref = r->ref ? r->ref : "HEAD";
    struct wire_fetch_message m = everything;
    char commit[GIT_COMMIT];

    if (sandbox_enter(NULL, g->folder, NULL, e) < 0 || resolve_ref(commit, g, r->what, ref, e) < 0)
        return -1;
    if (!*commit)
        return err_set(e, ERR_FETCH_GONE, "there is no ref %s in %s", ref, r->what);
    m.url = slice_of(r->what);
    m.commit = slice_of(commit);
    m.ref = slice_of(ref);
    return open_commit(o, g, &m, e);
}

int explain(int argc, char **argv)
{
    CLEANUP(opened_free) struct opened o = {0};
    CLEANUP(conn_close) struct conn conn = {.socket = -1, .signals = -1};
    cleanup_folder char *folder = NULL;
    struct git g = {.conn = &conn, .size_max = REPOSITORY_MAX};
    struct request r;
    struct err e;
    int done;

    if (!read_request(&r, argc, argv))
        return usage();
    done = conn_open(&conn, -1, &e) < 0 || folder_make(&folder, &e) < 0 ? -1 : 0;
    g.folder = folder;
    if (done == 0)
        done = strstr(r.what, "://") ? plan_url(&o, &g, &r, &e) : plan_folder(&o, r.what, &e);
    /* Described and not planned: the plan has refused it. */
    if (done == 0 || o.description.repo.names)
        return print_plan(&r, &o, &e);
    fprintf(stderr, "%s\n", e.text);
    return 1;
}
