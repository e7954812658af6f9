/* Every page and resource: the portal's and the operator's. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/api.h"

#include <stdlib.h>

#include "api/page.h"
#include "api/parts.h"
#include "api/routes.h"
#include "api/site.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "provider/provider.h"

static int read_web(struct api *a, const struct api_settings *settings, struct err *e)
{
    const struct page_settings page = {a->portal_url, settings->badge_base_url, provider_list_json()};
    const struct site_file *index;

    if (site_new(&a->site, settings->web_dir, e) < 0)
        return -1;
    index = site_find(a->site, slice_of("index.html"));
    if (!index)
        return err_set(e, ERR_API_WEB, "%s has no index.html", settings->web_dir);
    return page_new(&a->page, (struct slice){index->bytes, index->len}, &page, e);
}

static int serve(struct server **out, struct api *a, const struct server_spec *spec, struct err *e)
{
    struct server_spec whole = *spec;

    whole.loop = a->parts.loop;
    whole.arg = a;
    return server_new(out, &whole, e);
}

static int start(struct api *a, const struct api_settings *settings, struct err *e)
{
    const struct server_spec portal = {
        .listen_fd = settings->portal_fd, .connections = API_PORTAL_CONNECTIONS, .serve = routes_portal};
    const struct server_spec admin = {
        .listen_fd = settings->admin_fd, .connections = API_ADMIN_CONNECTIONS, .serve = routes_admin};

    if (read_web(a, settings, e) < 0 || serve(&a->portal, a, &portal, e) < 0)
        return -1;
    return serve(&a->admin, a, &admin, e);
}

int api_new(struct api **out, const struct api_parts *parts, const struct api_settings *settings, struct err *e)
{
    size_t url_len = strlen(settings->portal_url);

    *out = mem_zero(1, sizeof **out);
    (*out)->parts = *parts;
    list_init(&(*out)->streams);
    (*out)->keepalive_ms = settings->keepalive_ms;
    if (str_ends(settings->portal_url, "/"))
        url_len--;
    (*out)->portal_url = mem_copy(settings->portal_url, url_len);
    (*out)->cors_allow_origin = *settings->cors_allow_origin ? mem_string(settings->cors_allow_origin) : NULL;
    if (start(*out, settings, e) == 0)
        return 0;
    api_free(out);
    return -1;
}

void api_free(struct api **a)
{
    if (!*a)
        return;
    server_free(&(*a)->portal);
    server_free(&(*a)->admin);
    page_free(&(*a)->page);
    site_free(&(*a)->site);
    free((*a)->portal_url);
    free((*a)->cors_allow_origin);
    free(STEAL(*a));
}
