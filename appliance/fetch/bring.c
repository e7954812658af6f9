/* The transfer: one commit from its server into a bare repository. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/bring.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fetch/folder.h"
#include "fetch/tree.h"

#define BRING_MS (30 * 60 * 1000) /* of one transfer; the daemon's limit of a whole build closes the connection */

/* What is asked of the server, from little to all. */
enum way { COMMIT_ALONE, REF_ALONE, REF_WHOLE, EVERYTHING, NO_WAY };

struct transfer {
    const struct git *git;
    const struct bring_wish *wish;
    char **repository;
    struct process_end end; /* of the last way that was tried */
};

static void transfer_free(struct transfer *t)
{
    process_end_free(&t->end);
}

static int write_file(const char *folder, const char *name, const char *text, struct err *e)
{
    cleanup_free char *path = mem_format("%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    bool written = file && fputs(text, file) >= 0;

    if (file && fclose(file) != 0)
        written = false;
    return written ? 0 : err_set_errno(e, ERR_SYSTEM, "writing %s", path);
}

static int make_folder(const char *folder, const char *name, struct err *e)
{
    cleanup_free char *path = mem_format("%s/%s", folder, name);

    return mkdir(path, 0700) == 0 ? 0 : err_set_errno(e, ERR_SYSTEM, "making %s", path);
}

/* What `git init --bare` would make, as far as git asks for it: one process less. */
static int make_repository(char **repository, const struct git *g, const char *name, struct err *e)
{
    folder_remove(repository);
    *repository = mem_format("%s/%s", g->folder, name);
    if (make_folder(*repository, "", e) < 0 || make_folder(*repository, "objects", e) < 0 ||
        make_folder(*repository, "refs", e) < 0)
        return -1;
    if (write_file(*repository, "config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n", e) < 0)
        return -1;
    return write_file(*repository, "HEAD", "ref: refs/heads/none\n", e);
}

static void tell(struct conn *conn, const struct bring_wish *wish, enum way way, enum way before)
{
    switch (way) {
    case COMMIT_ALONE:
        conn_line(conn, "Fetching %s at %s", wish->url, wish->commit);
        break;
    case REF_ALONE:
        conn_line(conn, "The server hands out no commit by its id: fetching %s", wish->ref);
        break;
    case REF_WHOLE:
        conn_line(conn, "%s: fetching %s with its history",
                  before == REF_ALONE ? "The commit is not the newest there" : "The server cannot leave out history",
                  wish->ref);
        break;
    case EVERYTHING:
        conn_line(conn, "Fetching all branches and tags with their history, to find the commit");
        break;
    case NO_WAY:
        break;
    }
}

static int fetch(struct transfer *t, enum way way, struct err *e)
{
    const struct bring_wish *w = t->wish;
    const char *what = way == COMMIT_ALONE ? w->commit : way == EVERYTHING ? "+refs/heads/*:refs/heads/*" : w->ref;
    const char *const words[] = {"--git-dir",
                                 *t->repository,
                                 "fetch",
                                 "--quiet",
                                 "--no-tags",
                                 "--no-recurse-submodules",
                                 way < REF_WHOLE ? "--depth=1" : "--no-depth",
                                 "--",
                                 w->url,
                                 what,
                                 way == EVERYTHING ? "+refs/tags/*:refs/tags/*" : NULL,
                                 NULL};

    return git_run(&t->end, t->git, words, BRING_MS, e);
}

/* What may help after `way` has failed with those words of git's. */
static enum way after_failure(enum way way, const char *said, const struct bring_wish *wish)
{
    bool has_ref = git_is_plain_ref(wish->ref);

    if (way < REF_WHOLE && strstr(said, "does not support shallow"))
        return has_ref ? REF_WHOLE : EVERYTHING;
    if (way == COMMIT_ALONE && strstr(said, "does not allow request for unadvertised object"))
        return has_ref ? REF_ALONE : EVERYTHING;
    if (way < EVERYTHING && strstr(said, "couldn't find remote ref"))
        return EVERYTHING;
    return NO_WAY;
}

/* What may help after `way` has brought something else. */
static enum way after_other(enum way way)
{
    return way == REF_ALONE ? REF_WHOLE : way == REF_WHOLE ? EVERYTHING : NO_WAY;
}

static int failed(const struct process_end *end, struct err *e)
{
    char why[200];

    git_complaint(why, sizeof why, &end->errors);
    return err_set(e, ERR_FETCH_FAILED, "git fetch: %s", why);
}

static int gone(const struct bring_wish *wish, struct err *e)
{
    return err_set(e, ERR_FETCH_GONE, "there is no commit %s in %s, or not any more", wish->commit, wish->url);
}

int bring_commit(char **repository, const struct git *g, const struct bring_wish *wish, struct err *e)
{
    CLEANUP(transfer_free) struct transfer t = {g, wish, repository, GIT_END};
    enum way way = COMMIT_ALONE, before = NO_WAY;

    *repository = NULL;
    if (git_address(wish->url, e) < 0)
        return -1;
    while (way != NO_WAY) {
        const char *said;

        tell(g->conn, wish, way, before);
        if (make_repository(repository, g, wish->folder, e) < 0 || fetch(&t, way, e) < 0)
            return -1;
        if (t.end.code == 0 && tree_has_commit(*repository, wish->commit))
            return 0;
        before = way;
        if (t.end.code == 0) {
            way = after_other(way);
            continue;
        }
        said = buf_text(&t.end.errors);
        way = after_failure(way, said, wish);
        /* The server's word for a commit that it knows it does not have; or for a repository. */
        if (way == NO_WAY && !strstr(said, "not our ref") && !git_says_missing(&t.end.errors))
            return failed(&t.end, e);
    }
    return gone(wish, e);
}
