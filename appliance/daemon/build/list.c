/* What the operator sees and does: the builds as a list, one by its name, and stopping one. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "build/queue.h"
#include "build/turn.h"

void build_list(struct builds *all, void (*each)(void *arg, const struct build_view *view), void *arg)
{
    cleanup_free struct build **order = turn_order(all);

    list_for_each (node, &all->running)
        each(arg, &(struct build_view){.row = &container_of(node, struct build, node)->row});
    for (int i = 0; order[i]; i++)
        each(arg, &(struct build_view){.row = &order[i]->row, .place = i + 1});
}

static bool has_name(const struct build *b, const char *name)
{
    char id[ID_TEXT];

    if (str_is(b->row.image, name))
        return true;
    return strlen(name) >= BUILD_ID_LEAST && str_starts(id_text(id, &b->row.id), name);
}

/* Adds what has the name in one list; the newest of an image is found first. */
static int count_named(const struct list *list, const char *name, struct build **found)
{
    int count = 0;

    for (struct list *node = list->before; node != list; node = node->before) {
        struct build *b = container_of(node, struct build, node);

        if (!has_name(b, name))
            continue;
        if (count++ == 0 && !*found)
            *found = b;
        if (str_is(b->row.image, name))
            break;
    }
    return count;
}

static struct build *find(const struct builds *all, const char *name, int *count)
{
    const struct list *const lists[] = {&all->running, &all->waiting, &all->ended};
    struct build *found = NULL;

    *count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        *count += count_named(lists[i], name, &found);
        if (found && str_is(found->row.image, name)) {
            *count = 1;
            break;
        }
    }
    return found;
}

int build_find(struct builds *all, const char *name, struct build_view *out, struct build_log **log)
{
    int count;
    struct build *b = find(all, name, &count);

    if (count != 1)
        return count;
    *out = (struct build_view){.row = &b->row};
    if (log)
        *log = b->log;
    return 1;
}

bool build_stop(struct builds *all, const struct id *id, const struct err *why)
{
    struct list *const lists[] = {&all->running, &all->waiting};

    for (size_t i = 0; i < 2; i++)
        list_for_each (node, lists[i]) {
            struct build *b = container_of(node, struct build, node);

            if (!id_equal(&b->row.id, id))
                continue;
            if (b->state == BUILD_RUNNING)
                flow_cancel(&b->flow, why);
            else
                build_ended(b, why);
            return true;
        }
    return false;
}
