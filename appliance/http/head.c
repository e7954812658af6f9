/* HTTP/1.1 heads, of requests and of answers, read strictly. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/head.h"

#include "http/field.h"
#include "http/path.h"

#define NAME_MAX_KNOWN 32 /* bytes; names.def has none longer */

struct known_name {
    const char *text;
    uint8_t len;
    bool once, hop;
};

_Static_assert(HTTP_NAMES <= 64, "a head remembers the names it has seen as bits");

static const struct known_name known_names[HTTP_NAMES] = {
#define NAME(symbol, name, once, hop) [HTTP_##symbol] = {name, sizeof name - 1, once, hop},
#include "http/names.def"
#undef NAME
};

/* RFC 9110, section 5.6.2: bytes of a token. */
static const bool token_byte[256] = {
    ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true, ['-'] = true, ['.'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

/* RFC 9110, section 5.5: visible bytes, blank, tab, and those above ASCII. */
static const bool value_byte[256] = {
    ['\t'] = true,
    [' ' ... '~'] = true,
    [0x80 ... 0xff] = true,
};

/* Of a target: RFC 3986 has fewer, browsers send these; '#' would be cut off by some and not by others. */
static const bool target_byte[256] = {
    ['!' ... '"'] = true,
    ['$' ... '~'] = true,
    [0x80 ... 0xff] = true,
};

static int malformed(struct err *e, const char *what)
{
    return err_set(e, ERR_HTTP_MALFORMED, "%s", what);
}

size_t http_head_end(const char *bytes, size_t len, size_t from)
{
    const char *end = bytes + len;
    const char *at = bytes + (from > 3 ? from - 3 : 0);

    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        if (at < end && *at == '\n')
            return (size_t)(at + 1 - bytes);
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n') {
            /* An empty line in front of a request is not yet its end. */
            if (at != bytes + 2)
                return (size_t)(at + 2 - bytes);
        }
        if (at == end)
            break;
    }
    return 0;
}

static bool same_name(const char *text, struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i] == '_' ? '-' : name.at[i];

        if ((c | 0x20) != (text[i] | 0x20))
            return false;
    }
    return true;
}

/* Which of the known names are so long, as bits: a browser sends twenty fields, and most are none of them. */
static uint64_t names_of_length(size_t len)
{
    static uint64_t of_length[NAME_MAX_KNOWN + 1];

    if (!of_length[2]) /* "TE" */
        for (int known = HTTP_DISGUISED + 1; known < HTTP_NAMES; known++)
            of_length[known_names[known].len] |= UINT64_C(1) << known;
    return len <= NAME_MAX_KNOWN ? of_length[len] : 0;
}

static enum http_name known_name(struct slice name)
{
    for (uint64_t left = names_of_length(name.len); left; left &= left - 1) {
        int known = __builtin_ctzll(left);

        if (same_name(known_names[known].text, name))
            return memchr(name.at, '_', name.len) ? HTTP_DISGUISED : (enum http_name)known;
    }
    return HTTP_OTHER;
}

/* Reads the field whose line begins at `at`; its end is behind the LF. NULL: malformed. */
static const char *parse_field(struct http_field *f, const char *at, const char *end, struct err *e)
{
    const char *name = at;

    while (at < end && token_byte[(uint8_t)*at])
        at++;
    if (at == name || at == end || *at != ':') {
        malformed(e, *name == ' ' || *name == '\t' ? "a field is folded into a second line"
                                                   : "a field's name is not one word directly before its colon");
        return NULL;
    }
    f->name = (struct slice){name, (size_t)(at - name)};
    at++;
    while (*at == ' ' || *at == '\t')
        at++;
    f->value.at = at;
    while (value_byte[(uint8_t)*at])
        at++;
    if (at[0] != '\r' || at[1] != '\n') {
        malformed(e, "a field's value has a control character, or its line does not end with CR LF");
        return NULL;
    }
    f->value.len = (size_t)(at - f->value.at);
    while (f->value.len && (at[-1] == ' ' || at[-1] == '\t')) {
        f->value.len--;
        at--;
    }
    f->known = known_name(f->name);
    return f->value.at + f->value.len;
}

/* In answers only what decides about their end: what else they say twice is between them and the browser. */
static bool is_once(const struct http_head *h, enum http_name name)
{
    return known_names[name].once && (!h->status || name == HTTP_CONTENT_LENGTH || name == HTTP_TRANSFER_ENCODING);
}

/* `at` .. `end`: the field lines and the blank line, which ends with LF (http_head_end). */
static int parse_fields(struct http_head *h, const char *at, const char *end, struct err *e)
{
    uint64_t seen = 0;

    h->lines.at = at;
    while (!(end - at == 2 && at[0] == '\r')) {
        struct http_field *f = &h->fields[h->n_fields];

        if (end - at <= 2)
            return malformed(e, "a line does not end with CR LF");
        if (h->n_fields == HTTP_FIELDS_MAX)
            return err_set(e, ERR_HTTP_HEAD_TOO_LARGE, "the head has more than %d fields", HTTP_FIELDS_MAX);
        at = parse_field(f, at, end, e);
        if (!at)
            return -1;
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        if (is_once(h, f->known) && seen & UINT64_C(1) << f->known)
            return err_set(e, ERR_HTTP_MALFORMED, "the head has two fields %s", known_names[f->known].text);
        seen |= UINT64_C(1) << f->known;
        h->n_fields++;
    }
    h->lines.len = (size_t)(at - h->lines.at);
    return 0;
}

const struct http_field *http_head_field(const struct http_head *h, enum http_name name)
{
    for (size_t i = 0; i < h->n_fields; i++)
        if (h->fields[i].known == name)
            return &h->fields[i];
    return NULL;
}

/* RFC 9110, section 7.2: a name or an address, and a port; checked here because others take it for granted. */
static bool is_host(struct slice s)
{
    size_t colon = s.len;

    for (size_t i = 0; i < s.len && s.at[0] != '['; i++)
        if (s.at[i] == ':')
            colon = i;
    if (s.len && s.at[0] == '[') {
        const char *close = memchr(s.at, ']', s.len);

        if (!close)
            return false;
        colon = (size_t)(close + 1 - s.at);
        for (size_t i = 1; i + 1 < colon; i++)
            if ((s.at[i] != ':' && s.at[i] != '.' && !memchr("0123456789abcdefABCDEF", s.at[i], 22)) ||
                (s.at[i] == '.' && s.at[i - 1] == '.'))
                return false;
    } else {
        for (size_t i = 0; i < colon; i++)
            if ((!token_byte[(uint8_t)s.at[i]] || memchr("!#$%&'*+^`|", s.at[i], 11)) ||
                (s.at[i] == '.' && (!i || s.at[i - 1] == '.')))
                return false;
    }
    for (size_t i = colon + 1; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return colon > 0 && (colon == s.len || s.at[colon] == ':');
}

static void read_connection(struct http_head *h, struct slice value, bool *upgrade)
{
    struct slice word;

    while (http_list_next(&value, &word)) {
        if (slice_is_nocase(word, "close"))
            h->close = true;
        else if (slice_is_nocase(word, "upgrade"))
            *upgrade = true;
        else if (!slice_is_nocase(word, "keep-alive"))
            h->names_hops = true;
    }
}

/* Tabs around a value are blanks (RFC 9110, section 5.6.3), but nginx leaves them there: "\tchunked" is one thing to us
 * and another to who stands in front of us or behind. */
static bool has_tab(const struct http_field *f)
{
    for (const char *at = f->name.at + f->name.len; *at != '\r'; at++)
        if (*at == '\t')
            return true;
    return false;
}

static bool decides(enum http_name name)
{
    return name == HTTP_HOST || name == HTTP_CONTENT_LENGTH || name == HTTP_TRANSFER_ENCODING;
}

/* What the relay goes by, out of the fields. */
static int read_fields(struct http_head *h, struct err *e)
{
    bool upgrade = false, websocket = false;
    uint64_t length;

    h->length = HTTP_NO_LENGTH;
    h->close = h->minor == 0;
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct http_field *f = &h->fields[i];

        if (decides(f->known) && has_tab(f))
            return malformed(e, "the host, length or coding has a tab beside it");
        switch ((int)f->known) {
        case HTTP_CONTENT_LENGTH:
            if (!str_number(&length, f->value, INT64_MAX / 2))
                return malformed(e, "Content-Length is no number");
            h->length = (int64_t)length;
            break;
        case HTTP_TRANSFER_ENCODING:
            if (!slice_is_nocase(f->value, "chunked"))
                return err_set(e, ERR_HTTP_CODING, "the transfer coding is not chunked");
            h->chunked = true;
            break;
        case HTTP_CONNECTION:
            read_connection(h, f->value, &upgrade);
            break;
        case HTTP_UPGRADE:
            websocket |= slice_is_nocase(f->value, "websocket");
            break;
        case HTTP_EXPECT:
            h->expects = slice_is_nocase(f->value, "100-continue");
            break;
        case HTTP_HOST:
            h->host = f->value;
            break;
        }
    }
    h->websocket = upgrade && websocket && h->minor == 1;
    if (h->chunked && h->length != HTTP_NO_LENGTH)
        return malformed(e, "the message has a length and chunks");
    if (h->chunked && h->minor == 0)
        return malformed(e, "HTTP/1.0 has no transfer codings");
    return 0;
}

/* "HTTP/1.0" or "HTTP/1.1" at `at`, and what follows it. */
static bool is_version(const char *at, const char *end, int *minor)
{
    if (end - at < 8 || memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1'))
        return false;
    *minor = at[7] - '0';
    return true;
}

static bool looks_like_version(const char *at, const char *end)
{
    return end - at >= 8 && memcmp(at, "HTTP/", 5) == 0 && at[5] >= '0' && at[5] <= '9' && at[6] == '.' &&
           at[7] >= '0' && at[7] <= '9';
}

static const char *parse_request_line(struct http_head *h, const char *at, const char *end, struct err *e)
{
    h->method.at = at;
    while ((*at >= 'A' && *at <= 'Z') || *at == '-' || *at == '_')
        at++;
    h->method.len = (size_t)(at - h->method.at);
    if (!h->method.len || *at != ' ') {
        malformed(e, "the request does not begin with a method in capital letters and a blank");
        return NULL;
    }
    h->target.at = ++at;
    while (target_byte[(uint8_t)*at])
        at++;
    h->target.len = (size_t)(at - h->target.at);
    if (!h->target.len || h->target.at[0] != '/' || *at != ' ') {
        malformed(e, "the request's target is not a path from the root, then a blank");
        return NULL;
    }
    at++;
    if (!is_version(at, end, &h->minor)) {
        if (looks_like_version(at, end))
            err_set(e, ERR_HTTP_VERSION, "the request has another version of HTTP");
        else
            malformed(e, "the request's first line does not end with its version");
        return NULL;
    }
    at += 8;
    if (at[0] != '\r' || at[1] != '\n') {
        malformed(e, "the request's first line does not end with its version and CR LF");
        return NULL;
    }
    return at + 2;
}

/* All but the fields, which are filled as they are counted: a head is large. */
static void start(struct http_head *h)
{
    h->method = h->target = h->path = h->host = (struct slice){0};
    h->status = h->minor = 0;
    h->n_fields = 0;
    h->chunked = h->close = h->websocket = h->names_hops = h->expects = false;
}

int http_request_parse(struct http_head *out, const char *bytes, size_t len, struct err *e)
{
    const char *end = bytes + len, *question;
    const char *at = bytes;

    start(out);
    if (len >= 2 && at[0] == '\r' && at[1] == '\n')
        at += 2;
    at = parse_request_line(out, at, end, e);
    if (!at || parse_fields(out, at, end, e) < 0 || read_fields(out, e) < 0)
        return -1;
    question = memchr(out->target.at, '?', out->target.len);
    out->path = (struct slice){out->target.at, question ? (size_t)(question - out->target.at) : out->target.len};
    if (!http_path_is_plain(out->path))
        return malformed(e, "the request's path has dot segments or malformed escapes");
    if (!out->host.at && out->minor == 1)
        return malformed(e, "the request has no Host");
    if (out->host.at && !is_host(out->host))
        return malformed(e, "the request's Host is no host");
    return 0;
}

int http_answer_parse(struct http_head *out, const char *bytes, size_t len, struct err *e)
{
    const char *end = bytes + len, *at = bytes;

    start(out);
    if (len < 14 || !is_version(at, end, &out->minor) || at[8] != ' ')
        return malformed(e, "the answer does not begin with its version");
    for (at += 9; *at >= '0' && *at <= '9'; at++)
        out->status = out->status < 1000 ? out->status * 10 + (*at - '0') : 1000;
    if (at != bytes + 12 || out->status < 100 || out->status > 599 || (*at != ' ' && *at != '\r'))
        return malformed(e, "the answer's status is no number from 100 to 599");
    while (value_byte[(uint8_t)*at])
        at++;
    if (at[0] != '\r' || at[1] != '\n')
        return malformed(e, "the answer's first line does not end with CR LF");
    if (parse_fields(out, at + 2, end, e) < 0)
        return -1;
    return read_fields(out, e);
}
