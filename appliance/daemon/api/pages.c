/* The portal's pages and files. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>

#include "api/page.h"
#include "api/parts.h"
#include "api/reply.h"
#include "api/site.h"
#include "base/mem.h"
#include "provider/provider.h"

static enum MHD_Result shell(struct api *a, struct request *r, unsigned status, const char *title)
{
    cleanup_buf struct buf html = BUF_OF(PAGE_BYTES_MAX);

    page_write(a->page, title, &html);
    return reply_send(a, r,
                      &(struct reply){
                          .status = status,
                          .type = "text/html; charset=UTF-8",
                          .body = {buf_text(&html), html.len},
                          .cache = "no-cache",
                          .policy = page_policy(a->page),
                      });
}

enum MHD_Result serve_front(struct api *a, struct request *r)
{
    return shell(a, r, MHD_HTTP_OK, NULL);
}

/* Decisions 33: the page itself says that there is nothing here. */
enum MHD_Result serve_missing(struct api *a, struct request *r)
{
    return shell(a, r, MHD_HTTP_NOT_FOUND, NULL);
}

/* The displayName of the provider with that id in the list of contract 1.5; NULL: there is none. */
static char *display_name(struct slice id)
{
    json_t *list = json_loads(provider_list_json(), 0, NULL), *row;
    char *name = NULL;
    size_t i;

    json_array_foreach (list, i, row) {
        const char *its_id = json_string_value(json_object_get(row, "id"));

        if (its_id && slice_is(id, its_id))
            name = mem_string(json_string_value(json_object_get(row, "displayName")));
    }
    json_decref(list);
    return name;
}

/* /v2/<provider>/<spec>: nothing is asked about the repository here, the page's stream does that. */
enum MHD_Result serve_launch_page(struct api *a, struct request *r)
{
    cleanup_free char *name = display_name(r->first), *title = NULL;

    if (!name)
        return serve_missing(a, r);
    title = mem_format("%s: %.*s", name, (int)r->rest.len, r->rest.at);
    return shell(a, r, MHD_HTTP_OK, title);
}

static enum MHD_Result file(struct api *a, struct request *r, struct slice name)
{
    const struct site_file *f = site_find(a->site, name);

    if (!f)
        return reply_status(a, r, MHD_HTTP_NOT_FOUND);
    return reply_send(a, r,
                      &(struct reply){
                          .status = MHD_HTTP_OK,
                          .type = f->type,
                          .body = {f->bytes, f->len},
                          /* Names do not change with an upgrade: asking again costs a 304. */
                          .cache = "no-cache",
                          .policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                      });
}

enum MHD_Result serve_static(struct api *a, struct request *r)
{
    return file(a, r, r->first);
}

enum MHD_Result serve_icon(struct api *a, struct request *r)
{
    return file(a, r, slice_of("icon.svg"));
}

/* Contract 2.12: a crawler that follows launch links starts containers. */
enum MHD_Result serve_robots(struct api *a, struct request *r)
{
    return reply_send(a, r,
                      &(struct reply){
                          .status = MHD_HTTP_OK,
                          .type = "text/plain; charset=utf-8",
                          .body = slice_of("User-agent: *\nDisallow: /\n"),
                          .cache = "max-age=86400",
                      });
}
