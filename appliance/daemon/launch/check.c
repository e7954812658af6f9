/* The checks of a launch, as one table in the order of contract 2.2. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/check.h"

#include <string.h>

#include "base/str.h"

/* The field's values are split at ',' by newer BinderHubs and at ';' by older ones: both are taken. */
static int check_accept(const struct check_subject *s, struct err *e)
{
    struct slice rest = slice_of(s->request->accept ? s->request->accept : "");

    while (rest.len) {
        struct slice part = slice_cut(&rest, ',');

        while (part.len)
            if (slice_is_nocase(slice_trim(slice_cut(&part, ';')), "text/event-stream"))
                return 0;
    }
    return err_set(e, ERR_LAUNCH_ACCEPT, "Accept is \"%.60s\"", s->request->accept ? s->request->accept : "");
}

static int check_provider(const struct check_subject *s, struct err *e)
{
    if (provider_find(s->request->provider))
        return 0;
    return err_set(e, ERR_LAUNCH_NO_PROVIDER, "%.60s", s->request->provider);
}

static int check_spec(const struct check_subject *s, struct err *e)
{
    const struct provider *provider = provider_find(s->request->provider);

    return provider_parse(s->place, provider, provider_host_of(s->hosts, provider), s->request->spec, e);
}

/* The steps of contract 2.2, in its order. */
static int (*const checks[])(const struct check_subject *s, struct err *e) = {
    check_accept,   /* step 2 */
    check_provider, /* step 6 */
    check_spec,     /* step 8 */
};

int check_launch(const struct check_subject *subject, struct err *e)
{
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i](subject, e) < 0)
            return -1;
    return 0;
}
