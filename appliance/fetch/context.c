/* CONTEXT: the tar that an image is built from. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/context.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "fetch/gitdir.h"
#include "fetch/tar.h"
#include "plan/ignore.h"

#define LARGE (1 << 20) /* bytes; a blob above it is streamed, which costs a process */

/* From the strongest: of two members with one path the first stands. */
enum origin { ADDED, FROM_GIT, FROM_TREE, PARENT };

struct member {
    char *path; /* in the context; owned */
    enum origin origin;
    union {
        const struct plan_text *text;   /* ADDED */
        char *file;                     /* FROM_GIT: its path on disk, owned; NULL: a folder */
        const struct tree_entry *entry; /* FROM_TREE */
    };
};

struct members {
    struct member *all;
    size_t n, room;
};

static void members_free(struct members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->all[i].path);
        if (m->all[i].origin == FROM_GIT)
            free(m->all[i].file);
    }
    free(m->all);
}

static struct member *add(struct members *m, enum origin origin, char *owned_path)
{
    if (m->n == m->room) {
        m->room = m->room ? 2 * m->room : 64;
        m->all = mem_resize(m->all, m->room, sizeof *m->all);
    }
    m->all[m->n] = (struct member){.path = owned_path, .origin = origin};
    return &m->all[m->n++];
}

/* The folders above a path, so that the tar has each before what is in it. */
static void add_parents(struct members *m, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        if (slash != path)
            add(m, PARENT, mem_copy(path, (size_t)(slash - path)));
}

static void add_added(struct members *m, const struct plan_image *image)
{
    for (size_t i = 0; i < image->n_added; i++) {
        add(m, ADDED, mem_string(image->added[i].path))->text = &image->added[i];
        add_parents(m, image->added[i].path);
    }
}

/* Which entries of the tree the rules let in; a folder that is left out comes back for what comes back below it. */
static bool *choose(const struct tree *t, const struct ignore *rules)
{
    bool *in = mem_zero(t->n, sizeof *in);

    for (size_t i = 0; i < t->n; i++) {
        cleanup_free char *path = mem_string(t->entries[i].path);

        in[i] = in[i] || !ignore_matches(rules, path);
        for (char *slash; in[i] && (slash = strrchr(path, '/'));) {
            *slash = '\0';
            in[tree_find(t, path) - t->entries] = true;
        }
    }
    return in;
}

static void add_tree(struct members *m, const struct context *c, const struct ignore *rules)
{
    cleanup_free bool *in = choose(c->tree, rules);
    const char *at = c->image->tree_at;

    add_parents(m, at);
    for (size_t i = 0; i < c->tree->n; i++)
        if (in[i] || str_is(c->image->dockerfile, c->tree->entries[i].path))
            add(m, FROM_TREE, mem_format("%s%s", at, c->tree->entries[i].path))->entry = &c->tree->entries[i];
}

static int add_git(struct members *m, const struct context *c, const struct ignore *rules, struct err *e)
{
    CLEANUP(gitdir_paths_free) char **paths = NULL;

    /* The rules take .git or leave it: a part of it would be none. */
    if (ignore_matches(rules, ".git"))
        return 0;
    if (gitdir_make(c->repository, c->tree, c->url, e) < 0 || gitdir_paths(&paths, c->repository, e) < 0)
        return -1;
    for (char **path = paths; *path; path++) {
        size_t len = strlen(*path);
        bool folder = (*path)[len - 1] == '/';
        struct member *to = add(m, FROM_GIT, mem_format("%s.git/%s", c->image->tree_at, *path));

        if (folder)
            to->path[strlen(to->path) - 1] = '\0';
        else
            to->file = mem_format("%s/%s", c->repository, *path);
    }
    add(m, FROM_GIT, mem_format("%s.git", c->image->tree_at));
    return 0;
}

static int by_path(const void *a, const void *b)
{
    const struct member *one = a, *other = b;
    int order = strcmp(one->path, other->path);

    return order ? order : (int)one->origin - (int)other->origin;
}

static bool is_folder(const struct member *m)
{
    switch (m->origin) {
    case ADDED:
        return false;
    case FROM_GIT:
        return !m->file;
    case FROM_TREE:
        return m->entry->kind == TREE_FOLDER || m->entry->kind == TREE_MODULE;
    case PARENT:
        return true;
    }
    return false;
}

/* Whether `weaker` gives way to what has the same path; a file and a folder cannot stand in for each other. */
static int check_same(const struct member *stronger, const struct member *weaker, struct err *e)
{
    if (is_folder(stronger) == is_folder(weaker))
        return 0;
    return err_set(e, ERR_FETCH_TREE, "the repository has a %s %.150s where the build needs a %s",
                   is_folder(stronger) ? "folder" : "file", stronger->path, is_folder(stronger) ? "file" : "folder");
}

static int send_text(struct tar *t, const char *path, const struct plan_text *text, struct err *e)
{
    return tar_file(t, path, text->len, false, e) < 0 ? -1 : tar_bytes(t, text->bytes, text->len, e);
}

/* A file of git's, or what stands for a blob; its size was looked at before, or is looked at here. */
static int send_file(struct tar *t, const struct member *m, const char *file, struct err *e)
{
    cleanup_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool of_tree = m->origin == FROM_TREE;
    char bytes[65536];
    struct stat what;
    ssize_t got;

    if (fd < 0 || fstat(fd, &what) < 0)
        return err_set_errno(e, ERR_SYSTEM, "reading %s", file);
    if (of_tree && (uint64_t)what.st_size != m->entry->size)
        return err_set(e, ERR_FETCH_TREE, "%.150s has another size than the repository says", m->path);
    if (tar_file(t, m->path, (uint64_t)what.st_size, of_tree && m->entry->kind == TREE_PROGRAM, e) < 0)
        return -1;
    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        if (tar_bytes(t, bytes, (size_t)got, e) < 0)
            return -1;
    return got < 0 ? err_set_errno(e, ERR_SYSTEM, "reading %s", file) : 0;
}

static void free_blob(git_odb_object **object)
{
    git_odb_object_free(*object);
}

static int send_link(struct tar *t, const struct member *m, const char *bytes, size_t len, struct err *e)
{
    cleanup_free char *target = mem_copy(bytes, len);

    if (strlen(target) != len)
        return err_set(e, ERR_FETCH_TREE, "the link %.150s has a NUL in what it says", m->path);
    return tar_link(t, m->path, target, e);
}

static int send_blob(struct tar *t, const struct tree *tree, const struct member *m, struct err *e)
{
    CLEANUP(free_blob) git_odb_object *object = NULL;
    size_t len;

    if (tree_read(&object, tree, m->entry, e) < 0)
        return -1;
    len = git_odb_object_size(object);
    if (m->entry->kind == TREE_LINK)
        return send_link(t, m, git_odb_object_data(object), len, e);
    if (tar_file(t, m->path, len, m->entry->kind == TREE_PROGRAM, e) < 0)
        return -1;
    return tar_bytes(t, git_odb_object_data(object), len, e);
}

static int take_bytes(void *arg, const void *bytes, size_t len, struct err *e)
{
    return tar_bytes(arg, bytes, len, e);
}

/* git streams what libgit2 would hold in memory whole. */
static int send_large(struct tar *t, const struct context *c, const struct member *m, struct err *e)
{
    CLEANUP(process_end_free) struct process_end end = GIT_END;
    char id[GIT_OID_HEXSZ + 1], why[150];
    const char *const words[] = {"--git-dir", c->tree->parts[m->entry->part].path, "cat-file", "blob", id, NULL};
    const struct git_taker taker = {take_bytes, t};

    git_oid_tostr(id, sizeof id, &m->entry->id);
    if (tar_file(t, m->path, m->entry->size, m->entry->kind == TREE_PROGRAM, e) < 0 ||
        git_stream(&end, c->git, words, &taker, e) < 0)
        return -1;
    if (end.code == 0)
        return 0;
    git_complaint(why, sizeof why, &end.errors);
    return err_set(e, ERR_FETCH_FAILED, "reading %.80s: %s", m->path, why);
}

static int send_entry(struct tar *t, const struct context *c, const struct member *m, struct err *e)
{
    if (m->entry->file)
        return send_file(t, m, m->entry->file, e);
    if (m->entry->size > LARGE)
        return send_large(t, c, m, e);
    return send_blob(t, c->tree, m, e);
}

static int send_member(struct tar *t, const struct context *c, const struct member *m, struct err *e)
{
    if (is_folder(m))
        return tar_folder(t, m->path, e);
    if (m->origin == ADDED)
        return send_text(t, m->path, m->text, e);
    return m->origin == FROM_GIT ? send_file(t, m, m->file, e) : send_entry(t, c, m, e);
}

static int send_members(struct members *m, const struct context *c, struct err *e)
{
    cleanup_tar struct tar *t = NULL;
    const struct member *before = NULL;

    qsort(m->all, m->n, sizeof *m->all, by_path);
    if (tar_begin(&t, c->git->conn, e) < 0)
        return -1;
    for (struct member *now = m->all; now < m->all + m->n; now++) {
        bool again = before && str_is(before->path, now->path);

        if (again ? check_same(before, now, e) < 0 : send_member(t, c, now, e) < 0)
            return -1;
        if (!again)
            before = now;
    }
    return tar_finish(t, e);
}

int context_send(const struct context *c, struct err *e)
{
    CLEANUP(members_free) struct members m = {0};
    cleanup_ignore struct ignore *rules = NULL;

    if (ignore_new(&rules, c->image->ignore, e) < 0)
        return -1;
    add_added(&m, c->image);
    if (c->image->with_tree) {
        add_tree(&m, c, rules);
        if (add_git(&m, c, rules, e) < 0)
            return -1;
    }
    return send_members(&m, c, e);
}
