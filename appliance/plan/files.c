/* Looking into the description of a repository: names, texts, lines. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/files.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

bool files_has(const struct plan_repo *repo, const char *path)
{
    bool folder = str_ends(path, "/");

    for (const char *const *name = repo->names; *name; name++)
        if (folder ? str_starts(*name, path) : str_is(*name, path))
            return true;
    return false;
}

int files_text(struct slice *out, const struct plan_repo *repo, const char *path, struct err *e)
{
    *out = slice_of("");
    if (!files_has(repo, path))
        return 0;
    for (size_t i = 0; i < repo->n_texts; i++) {
        const struct plan_text *text = &repo->texts[i];

        if (!str_is(text->path, path))
            continue;
        *out = (struct slice){text->bytes, text->len};
        if (slice_starts(*out, BYTE_ORDER_MARK))
            *out = slice_from(*out, strlen(BYTE_ORDER_MARK));
        return 0;
    }
    return err_set(e, ERR_TOO_LARGE, "%s is no plain file, or larger than the %d bytes that it may have.", path,
                   PLAN_TEXT_MAX);
}

bool files_line(struct slice *line, struct files_lines *lines)
{
    if (!lines->rest.len)
        return false;
    lines->number++;
    *line = slice_cut(&lines->rest, '\n');
    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

struct slice files_strip(struct slice text)
{
    while (text.len && is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}
