/* Lists in field values, and fields that go no further than one connection. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/field.h"

bool http_list_next(struct slice *rest, struct slice *element)
{
    while (rest->len) {
        *element = slice_trim(slice_cut(rest, ','));
        if (element->len)
            return true;
    }
    return false;
}

static bool is_named(const struct http_head *h, struct slice name)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        struct slice rest = h->fields[i].value, word;

        if (h->fields[i].known != HTTP_CONNECTION)
            continue;
        while (http_list_next(&rest, &word))
            if (word.len == name.len && strncasecmp(word.at, name.at, name.len) == 0)
                return true;
    }
    return false;
}

bool http_field_is_hop(const struct http_head *h, const struct http_field *f)
{
    static const bool hop[HTTP_NAMES] = {
        [HTTP_DISGUISED] = true,
#define NAME(symbol, name, once, is_hop) [HTTP_##symbol] = is_hop,
#include "http/names.def"
#undef NAME
    };

    if (hop[f->known])
        return true;
    if (!h->names_hops || f->known == HTTP_HOST || f->known == HTTP_CONTENT_LENGTH)
        return false;
    return is_named(h, f->name);
}

/* Whether Accept names the type. */
static bool accepts(const struct http_head *h, const char *type)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        struct slice rest = h->fields[i].value, range;

        if (h->fields[i].known != HTTP_ACCEPT)
            continue;
        while (http_list_next(&rest, &range))
            if (slice_is_nocase(slice_trim(slice_cut(&range, ';')), type))
                return true;
    }
    return false;
}

bool http_wants_json(const struct http_head *h)
{
    const struct http_field *mode = http_head_field(h, HTTP_SEC_FETCH_MODE);

    return !accepts(h, "text/html") && (accepts(h, "application/json") || (mode && !slice_is(mode->value, "navigate")));
}

bool http_is_navigation(const struct http_head *h)
{
    const struct http_field *mode = http_head_field(h, HTTP_SEC_FETCH_MODE);

    return mode ? slice_is(mode->value, "navigate") : accepts(h, "text/html");
}

bool http_is_input(const struct http_head *h)
{
    return !(slice_is(h->method, "GET") || slice_is(h->method, "HEAD")) || http_is_navigation(h);
}
