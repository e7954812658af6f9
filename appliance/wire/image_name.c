/* Which images a stranger's build may read. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/image_name.h"

#include <ctype.h>
#include <stdio.h>

#define OURS "ringbinder/"
#define NAME_MAX_LEN 512 /* a name has 255 bytes, a tag 128, a digest 71 */
#define ID_LEAST 12      /* digits of an id as it is shown */

struct canonical {
    char text[NAME_MAX_LEN];
};

/* Lower case, without the registry that is meant where none is named. False: no name. */
static bool canonicalise(struct canonical *out, struct slice name)
{
    static const char *const meant[] = {"docker.io/", "index.docker.io/", "localhost/", "library/"};
    size_t len = 0;

    if (!name.len || name.len >= sizeof out->text)
        return false;
    for (; len < name.len; len++) {
        if (!name.at[len] || (!isalnum((unsigned char)name.at[len]) && !strchr("._-/:@", name.at[len])))
            return false;
        out->text[len] = (char)tolower((unsigned char)name.at[len]);
    }
    out->text[len] = '\0';
    for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
        size_t n = strlen(meant[i]);

        if (str_starts(out->text, meant[i]))
            memmove(out->text, out->text + n, strlen(out->text) - n + 1);
    }
    return true;
}

/* The next of the names that blanks separate. */
static bool next(struct canonical *out, struct slice *list)
{
    while (list->len) {
        struct slice one = slice_trim(slice_cut(list, ' '));

        if (one.len && canonicalise(out, one))
            return true;
    }
    return false;
}

static bool is_base(const char *name, struct slice bases)
{
    struct canonical base;

    while (next(&base, &bases)) {
        const char *last = strrchr(base.text, '/');
        size_t len = strlen(base.text);

        if (str_is(name, base.text))
            return true;
        if (!strchr(last ? last : base.text, ':') && str_starts(name, base.text) && str_is(name + len, ":latest"))
            return true;
    }
    return false;
}

static bool is_ours(const char *name, struct slice hidden)
{
    struct canonical prefix;

    if (str_starts(name, OURS))
        return true;
    while (next(&prefix, &hidden))
        if (str_starts(name, prefix.text))
            return true;
    return false;
}

/* An engine adds the tag to what it takes for a name. */
static bool is_id(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    return str_starts(name, "sha256:") ||
           (digits >= ID_LEAST && digits <= 64 && (!name[digits] || str_is(name + digits, ":latest")));
}

enum image_name image_name_look(struct slice name, const struct image_name_rules *rules)
{
    struct canonical whole;

    if (!canonicalise(&whole, name))
        return IMAGE_NAME_MALFORMED;
    if (is_ours(whole.text, rules->hidden) && !is_base(whole.text, rules->bases))
        return IMAGE_NAME_HIDDEN;
    return is_id(whole.text) ? IMAGE_NAME_ID : IMAGE_NAME_FREE;
}
