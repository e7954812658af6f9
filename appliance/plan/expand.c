/* The arguments before a Dockerfile's first FROM, and what FROM lines become with them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/expand.h"

#include <ctype.h>
#include <stdio.h>

#include "base/mem.h"
#include "plan/dockerfile.h"

#define DEPTH_MAX 8 /* ${A:-${B:-...}} */

/* Build arguments that the daemon sends, and what differs between engines' platforms. */
static const char *const told_by_the_build[] = {
    "NB_USER",   "NB_UID",         "REPO_DIR",     "http_proxy",    "https_proxy", "no_proxy",
    "ftp_proxy", "all_proxy",      "HTTP_PROXY",   "HTTPS_PROXY",   "NO_PROXY",    "FTP_PROXY",
    "ALL_PROXY", "RB_ENVIRONMENT", "BUILDVARIANT", "TARGETVARIANT", "TARGETSTAGE",
};

/* Any value does for these: they choose between stages, and none of them is part of a name of ours. */
static const struct {
    const char *name, *value;
} platform[] = {
    {"TARGETARCH", "amd64"}, {"TARGETOS", "linux"}, {"TARGETPLATFORM", "linux/amd64"},
    {"BUILDARCH", "amd64"},  {"BUILDOS", "linux"},  {"BUILDPLATFORM", "linux/amd64"},
};

struct words {
    struct slice rest;
    const struct expand *x;
    char escape;
    int depth;
};

void expand_close(struct expand *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->arguments[i].value);
    x->n = 0;
}

static bool is_told(struct slice name)
{
    for (size_t i = 0; i < sizeof told_by_the_build / sizeof told_by_the_build[0]; i++)
        if (slice_is(name, told_by_the_build[i]))
            return true;
    return false;
}

/* NULL: unknown. */
static const char *look_up(const struct expand *x, struct slice name)
{
    if (x->unknown || is_told(name))
        return NULL;
    for (size_t i = 0; i < x->n; i++)
        if (slice_is(name, x->arguments[i].name))
            return x->arguments[i].value;
    for (size_t i = 0; i < sizeof platform / sizeof platform[0]; i++)
        if (slice_is(name, platform[i].name))
            return platform[i].value;
    return "";
}

static char take(struct words *w)
{
    char c = w->rest.at[0];

    w->rest = slice_from(w->rest, 1);
    return c;
}

static struct slice take_name(struct words *w)
{
    struct slice name = {w->rest.at, 0};

    while (w->rest.len && (isalnum((unsigned char)w->rest.at[0]) || w->rest.at[0] == '_')) {
        take(w);
        name.len++;
    }
    return name;
}

static bool read_word(struct buf *out, struct words *w, char stop);

/* Behind '$'. */
static bool read_argument(struct buf *out, struct words *w)
{
    cleanup_buf struct buf other = BUF_OF(EXPAND_WORD_MAX);
    bool braces = w->rest.len && w->rest.at[0] == '{';
    struct slice name;
    const char *value;
    char sign = '-';

    if (braces)
        take(w);
    name = take_name(w);
    if (!name.len || isdigit((unsigned char)name.at[0]) || (w->rest.len && (uint8_t)w->rest.at[0] >= 0x80))
        return false;
    value = look_up(w->x, name);
    if (!value || !braces)
        return value && buf_add_text(out, value);
    if (slice_starts(w->rest, "}")) {
        take(w);
        return buf_add_text(out, value);
    }
    if (!slice_starts(w->rest, ":-") && !slice_starts(w->rest, ":+"))
        return false;
    take(w);
    sign = take(w);
    if (w->depth == DEPTH_MAX)
        return false;
    w->depth++;
    if (!read_word(&other, w, '}'))
        return false;
    w->depth--;
    return buf_add_text(out, (*value != '\0') == (sign == '+') ? buf_text(&other) : sign == '+' ? "" : value);
}

static bool read_single_quoted(struct buf *out, struct words *w)
{
    while (w->rest.len) {
        char c = take(w);

        if (c == '\'')
            return true;
        buf_add_char(out, c);
    }
    return false;
}

static bool read_double_quoted(struct buf *out, struct words *w)
{
    while (w->rest.len) {
        char c = take(w);

        if (c == '"')
            return true;
        if (c == '$') {
            if (!read_argument(out, w))
                return false;
            continue;
        }
        if (c == w->escape && w->rest.len && (strchr("\"$", w->rest.at[0]) || w->rest.at[0] == w->escape))
            c = take(w);
        buf_add_char(out, c);
    }
    return false;
}

/* Up to `stop`, or to the end where that is NUL. */
static bool read_word(struct buf *out, struct words *w, char stop)
{
    while (w->rest.len) {
        char c = take(w);
        bool read = true;

        if (stop && c == stop)
            return true;
        if (c == '\'')
            read = read_single_quoted(out, w);
        else if (c == '"')
            read = read_double_quoted(out, w);
        else if (c == '$')
            read = read_argument(out, w);
        else if (c != w->escape)
            buf_add_char(out, c);
        else if (w->rest.len)
            buf_add_char(out, take(w));
        if (!read)
            return false;
    }
    return !stop;
}

bool expand_word(struct buf *out, const struct expand *x, struct slice word, char escape)
{
    struct words w = {word, x, escape, 0};

    return read_word(out, &w, '\0') && !out->full && !memchr(buf_text(out), '\0', out->len);
}

/* NULL: unknown. */
static char *value_of(const struct expand *x, struct slice word, bool alone, char escape)
{
    cleanup_buf struct buf value = BUF_OF(EXPAND_WORD_MAX);

    if (!alone && word.len && memchr(word.at, '$', word.len))
        return NULL;
    return expand_word(&value, x, word, escape) ? buf_steal(&value) : NULL;
}

static void set(struct expand *x, struct slice name, char *value)
{
    size_t i = 0;

    while (i < x->n && !slice_is(name, x->arguments[i].name))
        i++;
    if (i == EXPAND_ARGUMENTS_MAX || name.len >= sizeof x->arguments[0].name || memchr(name.at, '\0', name.len)) {
        x->unknown = true;
        free(value);
        return;
    }
    if (i == x->n)
        snprintf(x->arguments[x->n++].name, sizeof x->arguments[0].name, "%.*s", (int)name.len, name.at);
    free(x->arguments[i].value);
    x->arguments[i].value = value;
}

void expand_note(struct expand *x, struct slice arguments, char escape)
{
    struct slice rest = arguments, name, value, word;
    bool alone;

    /* Versions differ in which of these separates words. */
    for (size_t i = 0; i < arguments.len; i++)
        x->unknown = x->unknown || (uint8_t)arguments.at[i] >= 0x80;
    dockerfile_word(&rest, escape);
    alone = !dockerfile_word(&rest, escape).len;
    while (!x->unknown && (word = dockerfile_word(&arguments, escape)).len) {
        value = word;
        name = slice_cut(&value, '=');
        /* Without a default it is empty, for some versions only where it had none before. */
        if (name.len < word.len) {
            set(x, name, value_of(x, value, alone, escape));
        } else {
            const char *before = look_up(x, name);

            set(x, name, before && !*before ? mem_string("") : NULL);
        }
    }
}
