/* The tree of one commit, as libgit2 reads it: checked, bounded, sorted. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

#define MAPPED_MAX (4 << 20) /* bytes of packs that are mapped at a time */
#define WINDOW (1 << 20)
#define PATHS_MAX (UINT64_C(64) << 20) /* bytes of all paths */

/* Before the first use, and not sooner: it takes 5 ms, which a question for a ref does without. libgit2 reads no
 * configuration of the machine and maps little. */
static void library(void)
{
    static bool ready;
    static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                 GIT_CONFIG_LEVEL_GLOBAL};

    if (ready)
        return;
    ready = true;
    git_libgit2_init();
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED_MAX);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)WINDOW);
    /* Each object is read once: a cache would only be memory. Hashes are verified, owners too: both are defaults. */
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
}

static int failed(struct err *e, const char *what)
{
    const git_error *why = git_error_last();

    return err_set(e, ERR_FETCH_FAILED, "%s: %s", what, why ? why->message : "no reason given");
}

static void free_repository(git_repository **repository)
{
    git_repository_free(*repository);
}

static void free_object(git_object **object)
{
    git_object_free(*object);
}

static void free_tree(git_tree **tree)
{
    git_tree_free(*tree);
}

bool tree_has_commit(const char *repository, const char *commit)
{
    CLEANUP(free_repository) git_repository *repo = NULL;
    CLEANUP(free_object) git_object *object = NULL;
    git_oid id;

    library();
    return git_oid_fromstr(&id, commit) == 0 && git_repository_open_bare(&repo, repository) == 0 &&
           git_object_lookup(&object, repo, &id, GIT_OBJECT_ANY) == 0;
}

struct walk {
    struct tree *tree; /* its entries grow */
    unsigned part;
};

static struct tree_part *part_of(const struct walk *w)
{
    return &w->tree->parts[w->part];
}

/* What git itself would not check out. ".git" in any case: a file system may know none. */
static int check_name(const char *name, const char *folder, struct err *e)
{
    if (*name && !str_is(name, ".") && !str_is(name, "..") && !strchr(name, '/') && strcasecmp(name, ".git") != 0)
        return 0;
    return err_set(e, ERR_FETCH_TREE, "in /%s of the repository there is something called \"%s\"", folder, name);
}

int tree_grow(struct tree *t, int64_t by, struct err *e)
{
    t->size += (uint64_t)by;
    if (t->size <= t->size_max)
        return 0;
    return err_set(e, ERR_TOO_LARGE, "the files of the repository have more than %llu bytes, the limit is %llu",
                   (unsigned long long)t->size, (unsigned long long)t->size_max);
}

static int measure(struct walk *w, struct tree_entry *entry, struct err *e)
{
    git_object_t type;
    size_t size;

    if (git_odb_read_header(&size, &type, part_of(w)->odb, &entry->id) < 0)
        return failed(e, entry->path);
    if (type != GIT_OBJECT_BLOB || (entry->kind == TREE_LINK && (size == 0 || size > TREE_PATH_MAX)))
        return err_set(e, ERR_FETCH_TREE, "%.150s of the repository is no file or link that can be", entry->path);
    entry->size = size;
    return tree_grow(w->tree, (int64_t)size, e);
}

static int kind_of(enum tree_kind *out, git_filemode_t mode)
{
    static const struct {
        git_filemode_t mode;
        enum tree_kind kind;
    } kinds[] = {
        {GIT_FILEMODE_TREE, TREE_FOLDER},
        {GIT_FILEMODE_BLOB, TREE_FILE},
        {GIT_FILEMODE_BLOB_EXECUTABLE, TREE_PROGRAM},
        {GIT_FILEMODE_LINK, TREE_LINK},
        {GIT_FILEMODE_COMMIT, TREE_MODULE},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].mode == mode) {
            *out = kinds[i].kind;
            return 0;
        }
    return -1;
}

static struct tree_entry *add_entry(struct walk *w, const char *folder, const char *name)
{
    struct tree *t = w->tree;

    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 256;
        t->entries = mem_resize(t->entries, t->room, sizeof *t->entries);
    }
    t->entries[t->n] =
        (struct tree_entry){.path = mem_format("%s%s%s", folder, *folder ? "/" : "", name), .part = w->part};
    return &t->entries[t->n++];
}

static int take_entry(struct walk *w, const char *folder, const git_tree_entry *from, struct err *e)
{
    const char *name = git_tree_entry_name(from);
    struct tree_entry *entry;
    size_t len = strlen(folder) + 1 + strlen(name);

    if (check_name(name, folder, e) < 0)
        return -1;
    w->tree->paths += len;
    if (len > TREE_PATH_MAX || w->tree->paths > PATHS_MAX)
        return err_set(e, ERR_FETCH_TREE, "the repository's names are too long: at most %d bytes a path, %d MB in all",
                       TREE_PATH_MAX, (int)(PATHS_MAX >> 20));
    if (w->tree->n == TREE_ENTRIES_MAX)
        return err_set(e, ERR_FETCH_TREE, "the repository has more than %d files and folders", TREE_ENTRIES_MAX);
    entry = add_entry(w, folder, name);
    entry->id = *git_tree_entry_id(from);
    if (kind_of(&entry->kind, git_tree_entry_filemode(from)) < 0)
        return err_set(e, ERR_FETCH_TREE, "%.150s of the repository is of no kind that can be", entry->path);
    w->tree->modules += entry->kind == TREE_MODULE;
    return entry->kind == TREE_FOLDER || entry->kind == TREE_MODULE ? 0 : measure(w, entry, e);
}

static int read_folder(struct walk *w, const char *folder, const git_oid *id, struct err *e)
{
    CLEANUP(free_tree) git_tree *tree = NULL;

    if (git_tree_lookup(&tree, part_of(w)->repository, id) < 0)
        return failed(e, "reading a folder of the repository");
    for (size_t i = 0; i < git_tree_entrycount(tree); i++)
        if (take_entry(w, folder, git_tree_entry_byindex(tree, i), e) < 0)
            return -1;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static int walk(struct walk *w, struct err *e)
{
    struct tree *t = w->tree;
    size_t first = t->n;

    if (read_folder(w, part_of(w)->at, &part_of(w)->root, e) < 0)
        return -1;
    /* Folders are read in the order in which they were found: the depth costs no stack. */
    for (size_t i = first; i < t->n; i++)
        if (t->entries[i].kind == TREE_FOLDER) {
            git_oid id = t->entries[i].id; /* the entries move while they grow */

            if (read_folder(w, t->entries[i].path, &id, e) < 0)
                return -1;
        }
    if (t->n)
        qsort(t->entries, t->n, sizeof *t->entries, by_path);
    for (size_t i = 1; i < t->n; i++)
        if (str_is(t->entries[i - 1].path, t->entries[i].path))
            return err_set(e, ERR_FETCH_TREE, "%.150s stands twice in the repository", t->entries[i].path);
    return 0;
}

/* A ref may be an annotated tag: what it points to is what is built. */
static int open_commit(struct tree_part *p, const char *commit, struct err *e)
{
    CLEANUP(free_object) git_object *object = NULL, *peeled = NULL, *root = NULL;
    git_oid id;

    if (git_repository_open_bare(&p->repository, p->path) < 0 || git_repository_odb(&p->odb, p->repository) < 0)
        return failed(e, "opening the repository");
    if (git_oid_fromstr(&id, commit) < 0 || git_object_lookup(&object, p->repository, &id, GIT_OBJECT_ANY) < 0)
        return failed(e, commit);
    if (git_object_peel(&peeled, object, GIT_OBJECT_COMMIT) < 0 || git_object_peel(&root, peeled, GIT_OBJECT_TREE) < 0)
        return err_set(e, ERR_FETCH_TREE, "%s is no commit", commit);
    p->commit = *git_object_id(peeled);
    p->root = *git_object_id(root);
    return 0;
}

static int add_part(struct tree *t, const char *at, const struct tree_origin *from, struct err *e)
{
    struct walk w = {.tree = t, .part = t->n_parts++};

    t->parts = mem_resize(t->parts, t->n_parts, sizeof *t->parts);
    *part_of(&w) =
        (struct tree_part){.at = mem_string(at), .path = mem_string(from->repository), .url = mem_string(from->url)};
    return open_commit(part_of(&w), from->commit, e) < 0 ? -1 : walk(&w, e);
}

int tree_open(struct tree **out, const struct tree_origin *from, uint64_t size_max, struct err *e)
{
    cleanup_tree struct tree *t = mem_zero(1, sizeof *t);

    library();
    t->size_max = size_max;
    if (add_part(t, "", from, e) < 0)
        return -1;
    *out = STEAL(t);
    return 0;
}

int tree_add(struct tree *t, const char *at, const struct tree_origin *from, struct err *e)
{
    struct tree_entry *entry = (struct tree_entry *)tree_find(t, at);

    entry->kind = TREE_FOLDER;
    t->modules--;
    return add_part(t, at, from, e);
}

static void entry_free(struct tree_entry *entry)
{
    free((char *)entry->path);
    free(entry->file);
}

static void part_free(struct tree_part *p)
{
    git_odb_free(p->odb);
    git_repository_free(p->repository);
    free(p->at);
    free(p->path);
    free(p->url);
}

void tree_free(struct tree **tree)
{
    struct tree *t = STEAL(*tree);

    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        entry_free(&t->entries[i]);
    for (unsigned i = 0; i < t->n_parts; i++)
        part_free(&t->parts[i]);
    free(t->entries);
    free(t->parts);
    free(t);
}

const struct tree_entry *tree_find(const struct tree *t, const char *path)
{
    struct tree_entry wanted = {.path = path};

    return t->n ? bsearch(&wanted, t->entries, t->n, sizeof *t->entries, by_path) : NULL;
}

int tree_read(git_odb_object **out, const struct tree *t, const struct tree_entry *entry, struct err *e)
{
    return git_odb_read(out, t->parts[entry->part].odb, &entry->id) < 0 ? failed(e, entry->path) : 0;
}
