/* The description that a plan is made of: names and texts of a repository, wherever it lies. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/describe.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

void describe_name(struct describe_names *names, char *owned)
{
    if (names->n + 1 >= names->room) {
        names->room = names->room ? 2 * names->room : 64;
        names->all = mem_resize(names->all, names->room, sizeof *names->all);
    }
    names->all[names->n++] = owned;
    names->all[names->n] = NULL;
}

static void names_free(struct describe_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->all[i]);
    free(names->all);
    *names = (struct describe_names){0};
}

/* The paths in one folder, a folder's with a '/' at its end; what a link leads nowhere from is nothing. */
static int add_folder(struct description *d, const struct source *s, const char *folder, struct err *e)
{
    CLEANUP(names_free) struct describe_names names = {0};

    if (s->list(s->of, folder, &names, e) < 0)
        return -1;
    for (size_t i = 0; i < names.n; i++) {
        cleanup_free char *path = mem_format("%s%s%s", folder, *folder ? "/" : "", names.all[i]);
        enum source_kind kind = s->kind(s->of, path);

        if (kind == SOURCE_FILE)
            describe_name(&d->names, STEAL(path));
        else if (kind == SOURCE_FOLDER)
            describe_name(&d->names, mem_format("%s/", path));
    }
    return 0;
}

static int add_text(struct description *d, const struct source *s, const char *path, struct err *e)
{
    cleanup_buf struct buf text = BUF_OF(PLAN_TEXT_MAX);
    struct plan_text *to = &d->texts[d->repo.n_texts];

    if (s->read(s->of, path, &text, e) < 0)
        return -1;
    if (text.full)
        return 0;
    *to = (struct plan_text){.path = path, .len = text.len};
    to->bytes = buf_steal(&text);
    d->repo.n_texts++;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int describe_all(struct description *d, const struct source *s, struct err *e)
{
    static const char *const folders[] = {"binder", ".binder"};
    size_t wanted = 0;

    if (add_folder(d, s, "", e) < 0)
        return -1;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (s->kind(s->of, folders[i]) == SOURCE_FOLDER && add_folder(d, s, folders[i], e) < 0)
            return -1;
    if (d->names.n)
        qsort(d->names.all, d->names.n, sizeof *d->names.all, by_name);
    for (size_t i = 0; i < d->names.n; i++)
        wanted += plan_wants(d->names.all[i]);
    d->texts = mem_zero(wanted, sizeof *d->texts);
    for (size_t i = 0; i < d->names.n; i++)
        if (plan_wants(d->names.all[i]) && add_text(d, s, d->names.all[i], e) < 0)
            return -1;
    return 0;
}

int describe(struct description *out, const struct source *source, struct err *e)
{
    static const char *const none[] = {NULL};

    *out = (struct description){0};
    if (describe_all(out, source, e) < 0) {
        description_free(out);
        return -1;
    }
    out->repo.names = out->names.all ? (const char *const *)out->names.all : none;
    out->repo.texts = out->texts;
    return 0;
}

void description_free(struct description *d)
{
    for (size_t i = 0; i < d->repo.n_texts; i++)
        free((char *)d->texts[i].bytes);
    free(d->texts);
    names_free(&d->names);
    *d = (struct description){0};
}
