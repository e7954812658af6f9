/* The table of providers. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "provider/provider.h"

#include "base/buf.h"
#include "base/str.h"
#include "provider/row.h"

/* In the order of contract 1.5, which is the order of the form's choices. */
static const struct provider *const rows[] = {&provider_gh, &provider_git};

#define N_ROWS (sizeof rows / sizeof rows[0])

const struct provider *provider_find(const char *prefix)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (str_is(rows[i]->prefix, prefix))
            return rows[i];
    return NULL;
}

const char *provider_prefix(const struct provider *p)
{
    return p->prefix;
}

const char *provider_name(const struct provider *p)
{
    return p->name;
}

const struct provider_host *provider_host_of(const struct provider_host *hosts, const struct provider *p)
{
    for (; hosts && hosts->prefix; hosts++)
        if (str_is(hosts->prefix, p->prefix))
            return hosts;
    return NULL;
}

int provider_parse(struct provider_place *out, const struct provider *p, const struct provider_host *host,
                   const char *raw_spec, struct err *e)
{
    *out = (struct provider_place){.provider = p};
    if (strlen(raw_spec) > PROVIDER_SPEC_MAX)
        return err_set(e, ERR_SPEC_MALFORMED, "The link's address and ref are longer than %d characters.",
                       PROVIDER_SPEC_MAX);
    return p->parse(out, host, raw_spec, e);
}

bool provider_ref_url(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit)
{
    return place->provider->ref_url(out, place, commit);
}

bool provider_is_renamed(const struct provider_place *place)
{
    return place->provider->renamed && (str_is(place->ref, "master") || str_is(place->ref, "main"));
}

bool provider_asks(const struct provider_place *place)
{
    return place->provider->asks && place->provider->asks(place);
}

bool provider_question(struct provider_question *out, const struct provider_place *place,
                       const struct provider_host *host)
{
    *out = (struct provider_question){0};
    return place->provider->question(out, place, host);
}

int provider_answer(char commit[PROVIDER_REF_MAX + 1], const struct provider_place *place,
                    const struct provider_answer *answer, struct err *e)
{
    commit[0] = '\0';
    return place->provider->answer(commit, answer, e);
}

const char *provider_list_json(void)
{
    static struct buf list = {.limit = 65536};

    if (list.len)
        return buf_text(&list);
    for (size_t i = 0; i < N_ROWS; i++)
        buf_add_format(&list, "%c%s", i ? ',' : '[', rows[i]->json);
    buf_add_char(&list, ']');
    return buf_text(&list);
}
