/* What providers' hosts answered before: asking again costs less, or is not needed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/answers.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"

struct kept {
    struct list node;
    char *key, *commit, *etag;
    int64_t until; /* of a "none" */
};

/* The one that was used last stands at the end. */
struct shelf {
    struct list all; /* struct kept */
    size_t count;
};

struct answers {
    struct shelf commits, none;
};

struct answers *answers_new(void)
{
    struct answers *a = mem_zero(1, sizeof *a);

    list_init(&a->commits.all);
    list_init(&a->none.all);
    return a;
}

static void drop(struct shelf *s, struct kept *k)
{
    list_remove(&k->node);
    s->count--;
    free(k->key);
    free(k->commit);
    free(k->etag);
    free(k);
}

static void empty(struct shelf *s)
{
    list_for_each_safe (node, &s->all)
        drop(s, container_of(node, struct kept, node));
}

void answers_free(struct answers **at)
{
    struct answers *a = STEAL(*at);

    if (!a)
        return;
    empty(&a->commits);
    empty(&a->none);
    free(a);
}

/* No prefix has a ':' in it. */
static char *key_of(const char *provider, const char *spec)
{
    return mem_format("%s:%s", provider, spec);
}

static struct kept *find(struct shelf *s, const char *key)
{
    list_for_each (node, &s->all) {
        struct kept *k = container_of(node, struct kept, node);

        if (!str_is(k->key, key))
            continue;
        list_remove(&k->node);
        list_add(&s->all, &k->node);
        return k;
    }
    return NULL;
}

static void drop_key(struct shelf *s, const char *key)
{
    struct kept *k = find(s, key);

    if (k)
        drop(s, k);
}

static void put(struct shelf *s, const char *key, const struct answer *said)
{
    struct kept *k = mem_zero(1, sizeof *k);

    k->key = mem_string(key);
    k->commit = mem_string(said->commit);
    k->etag = mem_string(said->etag);
    k->until = said->now + ANSWERS_NONE_MS;
    list_add(&s->all, &k->node);
    if (++s->count > ANSWERS_MAX)
        drop(s, container_of(s->all.next, struct kept, node));
}

bool answers_find(struct answers *a, const char *provider, const char *spec, const char **commit, const char **etag)
{
    cleanup_free char *key = key_of(provider, spec);
    const struct kept *k = find(&a->commits, key);

    *commit = k ? k->commit : NULL;
    *etag = k ? k->etag : NULL;
    return k;
}

bool answers_none(struct answers *a, const char *provider, const char *spec, int64_t now)
{
    cleanup_free char *key = key_of(provider, spec);
    struct kept *k = find(&a->none, key);

    if (k && now >= k->until) {
        drop(&a->none, k);
        return false;
    }
    return k;
}

void answers_keep(struct answers *a, const struct answer *said)
{
    cleanup_free char *key = key_of(said->provider, said->spec);

    drop_key(&a->commits, key);
    drop_key(&a->none, key);
    if (!said->commit[0])
        put(&a->none, key, said);
    else if (said->etag[0])
        put(&a->commits, key, said);
}
