/* What a .gitmodules says of a submodule, as git tells it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/module_config.h"

#include <string.h>

#include "base/str.h"

/* The value of the first key "submodule.<name>.<what>" whose name is that of `like`, or whatever where that is NULL. */
static const char *find(const struct buf *config, struct slice name, const char *what, const char *value)
{
    const char *at = buf_text(config), *end = at + config->len;

    for (; at < end; at += strlen(at) + 1) {
        struct slice text = slice_of(at), key = slice_cut(&text, '\n');
        size_t front = sizeof "submodule." - 1, back = strlen(what) + 1;

        if (key.len < front + back || key.at[key.len - back] != '.' ||
            !slice_is(slice_from(key, key.len - back + 1), what))
            continue;
        if (name.at && (key.len - front - back != name.len || memcmp(key.at + front, name.at, name.len) != 0))
            continue;
        if (!value || slice_is(text, value))
            return at;
    }
    return NULL;
}

static const char *value_of(const char *found)
{
    const char *line_end = found ? strchr(found, '\n') : NULL;

    return line_end ? line_end + 1 : NULL;
}

/* Its name is whatever has its path; its address is under its name. */
const char *module_config_url(const struct buf *config, const char *path)
{
    const char *found = find(config, (struct slice){0}, "path", path), *update;
    struct slice key, name;

    if (!found)
        return NULL;
    key = (struct slice){found, strcspn(found, "\n")};
    name = (struct slice){key.at + sizeof "submodule." - 1, key.len - sizeof "submodule." + 1 - sizeof ".path" + 1};
    update = value_of(find(config, name, "update", NULL));
    return update && str_is(update, "none") ? NULL : value_of(find(config, name, "url", NULL));
}

/* Cuts the last part of an address; that of "https://host" is none. */
static bool cut_last(struct buf *url)
{
    char *text = url->bytes, *at = strrchr(text, '/');

    if (!at || (at - text >= 2 && at[-1] == '/' && at[-2] == ':'))
        return false;
    url->len = (size_t)(at - text);
    text[url->len] = '\0';
    return true;
}

bool module_config_address(struct buf *out, const char *super, const char *url)
{
    buf_clear(out);
    if (!str_starts(url, "./") && !str_starts(url, "../"))
        return buf_add_text(out, url);
    if (!buf_add_text(out, super))
        return false;
    while (out->len && out->bytes[out->len - 1] == '/')
        out->bytes[--out->len] = '\0';
    for (;;) {
        if (str_starts(url, "./")) {
            url += 2;
        } else if (str_starts(url, "../")) {
            url += 3;
            if (!cut_last(out))
                return false;
        } else {
            break;
        }
    }
    return buf_add_char(out, '/') && buf_add_text(out, url);
}
