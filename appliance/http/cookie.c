/* Cookies between a browser and a container: ours are kept out, theirs stay below their path. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/cookie.h"

#include <strings.h>

struct writer {
    char *out;
    size_t room, len;
    bool full;
};

static void add(struct writer *w, struct slice s)
{
    if (s.len > w->room - w->len) {
        w->full = true;
        return;
    }
    memcpy(w->out + w->len, s.at, s.len);
    w->len += s.len;
}

/* The separator goes in front of all but the first. */
static void add_part(struct writer *w, struct slice part)
{
    if (w->len)
        add(w, slice_of("; "));
    add(w, part);
}

static bool is_ours(struct slice pair)
{
    static const char prefix[] = "__Host-";

    return pair.len >= sizeof prefix - 1 && strncasecmp(pair.at, prefix, sizeof prefix - 1) == 0;
}

bool http_cookie_to_container(char *out, size_t room, size_t *len, struct slice value)
{
    struct writer w = {out, room, 0, false};

    while (value.len) {
        struct slice pair = slice_trim(slice_cut(&value, ';'));

        if (pair.len && !is_ours(pair))
            add_part(&w, pair);
    }
    *len = w.len;
    return w.len && !w.full;
}

/* "/user/name" itself, or below it. */
static bool is_below(struct slice path, struct slice base)
{
    if (path.len >= base.len)
        return memcmp(path.at, base.at, base.len) == 0;
    return path.len == base.len - 1 && memcmp(path.at, base.at, path.len) == 0;
}

bool http_cookie_from_container(char *out, size_t room, size_t *len, struct slice value, struct slice base)
{
    struct writer w = {out, room, 0, false};
    struct slice path = base;

    add_part(&w, slice_trim(slice_cut(&value, ';')));
    while (value.len) {
        struct slice attribute = slice_trim(slice_cut(&value, ';'));
        struct slice rest = attribute;
        struct slice name = slice_trim(slice_cut(&rest, '='));

        if (slice_is_nocase(name, "path"))
            path = is_below(slice_trim(rest), base) ? slice_trim(rest) : base;
        else if (attribute.len && !slice_is_nocase(name, "domain"))
            add_part(&w, attribute);
    }
    add_part(&w, slice_of("Path="));
    add(&w, path);
    *len = w.len;
    return !w.full;
}
