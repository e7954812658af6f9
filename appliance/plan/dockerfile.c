/* Reading a stranger's Dockerfile as BuildKit does, as far as lines, directives and stages go. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/dockerfile.h"

#include <ctype.h>

#include "plan/files.h"

#define BLANKS " \t\r\n\v\f"

/* A directive: "# key=value". Newer engines take "//" for '#', too, in a file that another frontend reads. */
struct directive {
    struct slice key, value;
};

/* Where a joined line's bytes come from. */
struct segment {
    size_t joined, raw;
};

static bool is_blank(char c)
{
    return c && strchr(BLANKS, c);
}

/* Go's unicode.IsSpace(): blanks that nobody sees must not hide an instruction from this reader alone. */
static size_t space_len(struct slice text)
{
    static const char *const wide[] = {"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8",
                                       "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

    if (!text.len || is_blank(text.at[0]))
        return text.len > 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (slice_starts(text, wide[i]))
            return strlen(wide[i]);
    /* U+2000 to U+200A */
    return slice_starts(text, "\xe2\x80") && text.len > 2 && (uint8_t)text.at[2] >= 0x80 && (uint8_t)text.at[2] <= 0x8a
               ? 3
               : 0;
}

static struct slice trim_left(struct slice text)
{
    size_t len;

    while ((len = space_len(text)) > 0)
        text = slice_from(text, len);
    return text;
}

static bool read_directive(struct directive *out, struct slice line)
{
    size_t marker;

    line = trim_left(line);
    marker = slice_starts(line, "#") ? 1 : slice_starts(line, "//") ? 2 : 0;
    if (!marker || !memchr(line.at, '=', line.len))
        return false;
    out->value = slice_from(line, marker);
    out->key = files_strip(slice_cut(&out->value, '='));
    /* BuildKit's pattern takes a value of blanks alone for one. */
    if (!out->key.len || !isalpha((unsigned char)out->key.at[0]) || !out->value.len)
        return false;
    out->value = files_strip(out->value);
    for (size_t i = 0; i < out->key.len; i++)
        if (!isalnum((unsigned char)out->key.at[i]))
            return false;
    return true;
}

/* The physical line at *at, without its newline; moves *at behind it. */
static struct slice take_line(struct slice text, size_t *at)
{
    struct slice rest = slice_from(text, *at);
    struct slice line = slice_cut(&rest, '\n');

    *at = text.len - rest.len;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

void dockerfile_open(struct dockerfile *d, struct slice text)
{
    struct directive directive;
    size_t at = 0;

    *d =
        (struct dockerfile){.text = text, .escape = '\\', .joined = BUF_OF(text.len), .segments = BUF_OF(SIZE_MAX / 2)};
    while (at < text.len && read_directive(&directive, take_line(text, &at)))
        if (slice_is_nocase(directive.key, "escape") && slice_is(directive.value, "`"))
            d->escape = '`';
}

void dockerfile_close(struct dockerfile *d)
{
    buf_free(&d->joined);
    buf_free(&d->segments);
}

static struct slice next_line(struct dockerfile *d)
{
    d->line++;
    return take_line(d->text, &d->at);
}

/* Takes a trailing escape character off *line: true when the instruction goes on. Two of them are none. */
static bool cut_continuation(struct slice *line, char escape)
{
    size_t len = line->len;

    while (len && (line->at[len - 1] == ' ' || line->at[len - 1] == '\t'))
        len--;
    if (!len || line->at[len - 1] != escape || (len > 1 && line->at[len - 2] == escape))
        return false;
    line->len = len - 1;
    return true;
}

static void join(struct dockerfile *d, struct slice line)
{
    struct segment segment = {d->joined.len, (size_t)(line.at - d->text.at)};

    buf_add(&d->segments, &segment, sizeof segment);
    buf_add(&d->joined, line.at, line.len);
}

/* Continuation lines, without comments and blank lines among them. True when the text ends before the instruction. */
static bool join_lines(struct dockerfile *d, struct slice line)
{
    bool more = cut_continuation(&line, d->escape);

    join(d, line);
    while (more && d->at < d->text.len) {
        struct slice bare;

        line = next_line(d);
        bare = trim_left(line);
        if (!bare.len || bare.at[0] == '#')
            continue;
        more = cut_continuation(&line, d->escape);
        join(d, line);
    }
    return more;
}

size_t dockerfile_offset(const struct dockerfile *d, const char *at)
{
    size_t joined = (size_t)(at - d->joined.bytes), n = d->segments.len / sizeof(struct segment);
    struct segment segment = {0};

    /* The end of a segment is nearer to what stands before it than to the next line. */
    for (size_t low = 0, high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        struct segment found;

        memcpy(&found, d->segments.bytes + middle * sizeof found, sizeof found);
        if (middle && found.joined >= joined) {
            high = middle;
            continue;
        }
        segment = found;
        low = middle + 1;
    }
    return segment.raw + joined - segment.joined;
}

struct slice dockerfile_word(struct slice *rest, char escape)
{
    struct slice word = trim_left(*rest);
    size_t len = 0;
    char quote = '\0';

    while (len < word.len && (quote || !is_blank(word.at[len]))) {
        char c = word.at[len];

        if (c == escape && quote != '\'' && len + 1 < word.len)
            len++;
        else if (c == quote)
            quote = '\0';
        else if (!quote && (c == '"' || c == '\''))
            quote = c;
        len++;
    }
    *rest = slice_from(word, len);
    word.len = len;
    return word;
}

/* BuildKit reads flags byte by byte: U+0085 and U+00A0 are blanks here as bytes. */
static bool is_flag_blank(char c)
{
    return is_blank(c) || (uint8_t)c == 0x85 || (uint8_t)c == 0xa0;
}

bool dockerfile_flag(struct buf *out, struct slice *rest)
{
    struct slice text = *rest;
    size_t at = 0;
    char quote = '\0';

    buf_clear(out);
    while (at < text.len && is_flag_blank(text.at[at]))
        at++;
    if (!slice_starts(slice_from(text, at), "--"))
        return false;
    for (; at < text.len && (quote || !is_flag_blank(text.at[at])); at++) {
        char c = text.at[at];

        if (c == quote)
            quote = '\0';
        else if (!quote && (c == '"' || c == '\''))
            quote = c;
        else if (c != '\\')
            buf_add_char(out, c);
        else if (++at < text.len)
            buf_add_char(out, text.at[at]);
        else
            break;
    }
    *rest = slice_from(text, at);
    return true;
}

struct slice dockerfile_sub_instruction(struct slice *rest)
{
    struct slice word = trim_left(*rest);
    struct slice all = word;

    for (word.len = 0; word.len < all.len && !is_blank(all.at[word.len]);)
        word.len++;
    *rest = trim_left(slice_from(all, word.len));
    return word;
}

/* "<<EOF", "3<<-'EOF'": fills the name without its quotes, and whether tabs in front of it are taken off. */
static bool is_heredoc(struct buf *name, bool *chomp, struct slice word)
{
    while (word.len && isdigit((unsigned char)word.at[0])) {
        word.at++;
        word.len--;
    }
    if (!slice_starts(word, "<<"))
        return false;
    word = slice_from(word, 2);
    *chomp = slice_starts(word, "-");
    if (*chomp)
        word = slice_from(word, 1);
    if (!word.len || memchr(word.at, '<', word.len))
        return false;
    buf_clear(name);
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] != '"' && word.at[i] != '\'')
            buf_add_char(name, word.at[i]);
    return name->len > 0;
}

static void skip_heredoc(struct dockerfile *d, const struct buf *name, bool chomp)
{
    while (d->at < d->text.len) {
        struct slice line = next_line(d);

        d->carriage_return = d->carriage_return || (d->at > 1 && d->text.at[d->at - 2] == '\r');
        while (chomp && line.len && line.at[0] == '\t') {
            line.at++;
            line.len--;
        }
        if (line.len == name->len && memcmp(line.at, name->bytes, name->len) == 0)
            return;
    }
}

/*
 * Whether engines might find another heredoc in the line than this reader does, and so take other lines for
 * instructions: they read escapes, unseen blanks, lists and expansions by rules of their own.
 */
static bool is_uncertain(const struct dockerfile *d, struct slice line)
{
    const char *sign = line.len ? memmem(line.at, line.len, "<<", 2) : NULL;

    if (!sign)
        return false;
    if (d->escape != '\\' || memchr(line.at, '\\', line.len) || slice_starts(line, "[") ||
        memchr(line.at, '\r', line.len))
        return true;
    for (size_t i = 0; i < line.len; i++) {
        size_t name = i + 2;

        if ((uint8_t)line.at[i] >= 0x80)
            return true;
        if (line.at[i] != '$' || i + 1 == line.len || line.at[i + 1] != '{')
            continue;
        while (name < line.len && (isalnum((unsigned char)line.at[name]) || line.at[name] == '_'))
            name++;
        if (name == line.len || line.at[name] != '}')
            return true;
    }
    return false;
}

/* ADD, COPY and RUN may carry heredocs, also behind ONBUILD; what is a JSON list may not. */
static void skip_heredocs(struct dockerfile *d, struct dockerfile_instruction *in)
{
    struct slice word = in->word, rest = in->arguments;
    cleanup_buf struct buf name = BUF_OF(d->text.len), flag = BUF_OF(d->text.len);
    bool chomp;

    if (slice_is_nocase(word, "ONBUILD"))
        word = dockerfile_sub_instruction(&rest);
    if (!slice_is_nocase(word, "RUN") && !slice_is_nocase(word, "COPY") && !slice_is_nocase(word, "ADD"))
        return;
    while (dockerfile_flag(&flag, &rest))
        ;
    rest = trim_left(rest);
    in->uncertain = is_uncertain(d, rest);
    if (slice_starts(rest, "["))
        return;
    while (rest.len) {
        if (!is_heredoc(&name, &chomp, dockerfile_word(&rest, d->escape)))
            continue;
        in->heredoc = true;
        skip_heredoc(d, &name, chomp);
    }
    in->uncertain = in->uncertain || d->carriage_return;
}

bool dockerfile_next(struct dockerfile_instruction *out, struct dockerfile *d)
{
    while (d->at < d->text.len) {
        struct slice line = trim_left(next_line(d)), rest;

        if (!line.len || line.at[0] == '#')
            continue;
        *out = (struct dockerfile_instruction){.first_line = d->line};
        buf_clear(&d->joined);
        buf_clear(&d->segments);
        out->unended = join_lines(d, line);
        rest = (struct slice){buf_text(&d->joined), d->joined.len};
        out->word = dockerfile_sub_instruction(&rest);
        out->arguments = rest;
        skip_heredocs(d, out);
        out->end = d->at;
        return true;
    }
    return false;
}

/* A JSON object would be looked into for the directive by engines from 23 on. */
static bool is_json(struct slice text, size_t at)
{
    return slice_starts(trim_left(slice_from(text, at)), "{");
}

int dockerfile_neutralise(struct buf *out, bool *changed, struct slice text, struct err *e)
{
    struct directive directive;
    size_t start = 0, end, at, hidden = 0;

    /* A first line "#!..." ends the directives of 20.10; newer engines skip it. */
    if (slice_starts(text, "#!"))
        take_line(text, &start);
    if (is_json(text, start))
        return err_set(e, ERR_PLAN_FILE, "The Dockerfile is JSON, which is for other frontends than the engine's own.");
    buf_add(out, text.at, start);
    for (at = end = start; at < text.len; end = at) {
        size_t from = at;

        if (!read_directive(&directive, take_line(text, &at)))
            break;
        if (slice_is_nocase(directive.key, "syntax"))
            hidden++;
        else
            buf_add(out, text.at + from, at - from);
    }
    *changed = hidden > 0;
    if (hidden && out->len && out->bytes[out->len - 1] != '\n')
        buf_add_char(out, '\n');
    for (; hidden; hidden--)
        buf_add_text(out, "#\n");
    buf_add(out, text.at + end, text.len - end);
    return out->full ? err_set(e, ERR_TOO_LARGE, "The Dockerfile is too large.") : 0;
}
