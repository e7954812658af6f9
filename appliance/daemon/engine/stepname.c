/* Whether a command that runs is the step of which a build's trace tells. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/stepname.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

/* What stands behind "[2/3] RUN "; false for another instruction. */
static bool text_of(struct slice name, struct slice *out)
{
    const char *end = memmem(name.at, name.len, "] ", 2);

    if (!end)
        return false;
    *out = slice_from(name, (size_t)(end + 2 - name.at));
    if (out->len < 4 || !slice_is_nocase((struct slice){out->at, 3}, "RUN") || !isspace((unsigned char)out->at[3]))
        return false;
    *out = slice_trim(slice_from(*out, 4));
    return true;
}

static bool holds(struct slice text, const char *what)
{
    return memmem(text.at, text.len, what, strlen(what)) != NULL;
}

/* ---- patterns: pieces in lower case, with a NUL where anything may stand ---- */

static void add_gap(struct buf *pattern)
{
    if (!pattern->len || pattern->bytes[pattern->len - 1])
        buf_add_char(pattern, '\0');
}

/* Behind a '$': the name of the variable, or all that braces hold. */
static struct slice skip_variable(struct slice rest)
{
    size_t depth = 0, i = 0;

    if (!rest.len || rest.at[0] != '{') {
        while (i < rest.len && (isalnum((unsigned char)rest.at[i]) || rest.at[i] == '_'))
            i++;
        return slice_from(rest, i);
    }
    for (; i < rest.len; i++) {
        depth += rest.at[i] == '{';
        depth -= rest.at[i] == '}';
        if (!depth)
            return slice_from(rest, i + 1);
    }
    return slice_from(rest, rest.len);
}

static void add_command(struct buf *pattern, struct slice command)
{
    struct slice rest = slice_trim(command);

    while (rest.len) {
        unsigned char c = (unsigned char)rest.at[0];

        rest = slice_from(rest, 1);
        if (c == '$' || c == '\\' || c < 0x20 || c >= 0x7f)
            add_gap(pattern);
        else
            buf_add_char(pattern, (char)tolower(c));
        if (c == '$')
            rest = skip_variable(rest);
        else if (c == '\\' && rest.len)
            rest = slice_from(rest, 1);
    }
}

static bool ends_with(struct slice text, struct slice piece)
{
    return text.len >= piece.len && memcmp(text.at + text.len - piece.len, piece.at, piece.len) == 0;
}

/* Whether the pieces stand in `text` in this order, the last one at its end, the first one at its beginning if
 * `from_front`. Taking the first place of each piece leaves most to those behind it. */
static bool fits(struct slice text, const struct buf *pattern, bool from_front)
{
    struct slice rest = {buf_text(pattern), pattern->len};

    for (bool first = true;; first = false) {
        const char *gap = rest.len ? memchr(rest.at, '\0', rest.len) : NULL;
        struct slice piece = {rest.at, gap ? (size_t)(gap - rest.at) : rest.len};
        const char *found = text.at;

        if (!gap)
            return ends_with(text, piece) && (!(first && from_front) || text.len == piece.len);
        rest = slice_from(rest, piece.len + 1);
        if (!piece.len)
            continue;
        if (first && from_front)
            found = text.len >= piece.len && memcmp(text.at, piece.at, piece.len) == 0 ? text.at : NULL;
        else
            found = memmem(text.at, text.len, piece.at, piece.len);
        if (!found)
            return false;
        text = slice_from(text, (size_t)(found - text.at) + piece.len);
    }
}

/* ---- the two forms of RUN ---- */

/* RUN command: the shell's arguments are in front of it, and its flags may be. */
static bool shell_form(struct slice text, const char *last)
{
    cleanup_buf struct buf pattern = BUF_OF((size_t)4 << 20);

    add_command(&pattern, slice_of(last));
    return fits(text, &pattern, !slice_starts(text, "--"));
}

/* RUN ["command", "argument"]: JSON, whose escapes are not undone here: with any of them it may be everything. */
static bool exec_form(struct slice text, const char *const *args)
{
    cleanup_buf struct buf pattern = BUF_OF((size_t)4 << 20);

    if (!slice_starts(text, "[") && !(slice_starts(text, "--") && holds(text, " [")))
        return false;
    if (holds(text, "\\"))
        return true;
    for (; *args; args++) {
        add_gap(&pattern);
        add_command(&pattern, slice_of(*args));
    }
    add_gap(&pattern);
    return fits(text, &pattern, false);
}

/* RUN <<EOF: the name has its first line; what runs has all of them, or is a file of them. */
static bool heredoc_form(struct slice text, const char *const *args, const char *last)
{
    return holds(text, "<<") && (strchr(last, '\n') || str_starts(args[0], "/dev/pipes/"));
}

bool stepname_runs(struct slice name, const char *const *args)
{
    cleanup_buf struct buf lower = BUF_OF(STEPNAME_MAX);
    const char *last = args[0];
    struct slice text;

    if (!text_of(name, &text))
        return false;
    if (name.len >= STEPNAME_MAX)
        return true;
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(&lower, (char)tolower((unsigned char)text.at[i]));
    text = (struct slice){buf_text(&lower), lower.len};
    for (size_t i = 0; args[i]; i++)
        last = args[i];
    return shell_form(text, last) || exec_form(text, args) || heredoc_form(text, args, last);
}
