/* requirements.txt: what kind of lines it has decides who installs it, and when. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/requirements.h"

#include "plan/files.h"

static const char *find(struct slice text, const char *what)
{
    return text.len ? memmem(text.at, text.len, what, strlen(what)) : NULL;
}

static struct slice after(struct slice text, const char *at)
{
    return (struct slice){at, (size_t)(text.at + text.len - at)};
}

/* repo2docker's rule (builds.md 1.3): `line` is stripped, without its comment and not empty. */
static bool is_local(struct slice line)
{
    const char *found;

    if (slice_starts(line, "-r") || slice_starts(line, "-c") || slice_starts(line, "--requirement") ||
        slice_starts(line, "--constraint"))
        return true;
    if (slice_starts(line, "--pre"))
        return false;
    found = memchr(line.at, '=', line.len);
    if (slice_starts(line, "--") && found)
        line = after(line, found + 1);
    if (slice_starts(line, "-")) {
        size_t flag = 0;

        while (flag < line.len && !strchr(" \t\v\f", line.at[flag]))
            flag++;
        line = files_strip(after(line, line.at + flag));
        if (!line.len)
            return false;
    }
    if (find(line, "file://"))
        return true;
    found = find(line, "://");
    if (found)
        line = after(line, found + 3);
    return slice_starts(line, ".");
}

static size_t span(struct slice text, const char *of)
{
    size_t len = 0;

    while (len < text.len && text.at[len] && strchr(of, text.at[len]))
        len++;
    return len;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define BLANKS " \t"

/* name [extras] versions ; marker, in the characters that both installers read the same way (PEP 508). */
static bool is_plain(struct slice line)
{
    struct slice marker = line, what = files_strip(slice_cut(&marker, ';'));
    size_t len = span(what, LETTERS "._-");

    if (!len || !strchr(LETTERS, what.at[0]))
        return false;
    what = slice_trim(slice_from(what, len));
    if (slice_starts(what, "[")) {
        len = 1 + span(slice_from(what, 1), LETTERS "._-," BLANKS);
        if (len == what.len || what.at[len] != ']')
            return false;
        what = slice_trim(slice_from(what, len + 1));
    }
    if (find(what, "===") || (what.len && !strchr("<>=!~(", what.at[0])))
        return false;
    return span(what, LETTERS "<>=!~.*+,()_-" BLANKS) == what.len &&
           span(marker, LETTERS "<>=!~.*+,()_-'\"" BLANKS) == marker.len;
}

struct requirements requirements_look(struct slice text)
{
    struct requirements look = {.plain = true};
    struct files_lines lines = {text, 0};
    struct slice line;

    while (files_line(&line, &lines)) {
        struct slice what = files_strip(slice_cut(&line, '#'));

        if (!what.len)
            continue;
        look.any = true;
        look.local = look.local || is_local(what);
        look.plain = look.plain && is_plain(what);
    }
    return look;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
    } else if (c < 0x800) {
        buf_add_char(out, (char)(0xc0 | c >> 6));
        buf_add_char(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_add_char(out, (char)(0xe0 | c >> 12));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_add_char(out, (char)(0xf0 | c >> 18));
        buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (c & 0x3f)));
    }
}

static uint32_t utf16_unit(const char *at, bool little)
{
    uint8_t first = (uint8_t)at[0], second = (uint8_t)at[1];

    return little ? (uint32_t)(second << 8 | first) : (uint32_t)(first << 8 | second);
}

void requirements_as_utf8(struct buf *out, struct slice text)
{
    bool little = slice_starts(text, "\xff\xfe");

    if (!little && !slice_starts(text, "\xfe\xff")) {
        buf_add(out, text.at, text.len);
        return;
    }
    for (size_t at = 2; at + 2 <= text.len; at += 2) {
        uint32_t c = utf16_unit(text.at + at, little);

        if (c >= 0xd800 && c < 0xdc00 && at + 4 <= text.len) {
            uint32_t low = utf16_unit(text.at + at + 2, little);

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }
}
