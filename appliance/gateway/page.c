/* Answers of the gateway's own: a page that a person can read, JSON for programs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/page.h"

#include <ctype.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define PAGE_MAX 8192                     /* bytes; with its head it fits into a buffer */
#define NOT_FOUND "Binder not found"      /* has to be in every 404 and 424 (contract 1.6) */
#define LAST_SECOND INT64_C(253402300799) /* of the year 9999: a later end is no time */

/* What a status says on its page. */
struct page_kind {
    int status;
    const char *reason, *title;
    int retry_s;    /* Retry-After; 0: none */
    bool by_itself; /* the page then tries again */
    bool leads_on;  /* it has a link to the portal */
};

static const struct page_kind page_kinds[] = {
    {400, "Bad Request", "Not understood", 0, false, false},
    {404, "Not Found", NOT_FOUND, 0, false, true},
    {405, "Method Not Allowed", "Not allowed here", 0, false, false},
    {408, "Request Timeout", "Too slow", 0, false, false},
    {413, "Content Too Large", "Too large", 0, false, false},
    {424, "Failed Dependency", NOT_FOUND, 0, false, true},
    {429, "Too Many Requests", "Too many at once", 5, false, false},
    {431, "Request Header Fields Too Large", "Too large", 0, false, false},
    {501, "Not Implemented", "Not understood", 0, false, false},
    {502, "Bad Gateway", "No proper answer", 0, false, false},
    {503, "Service Unavailable", "One moment", 3, true, false},
    {504, "Gateway Timeout", "No answer in time", 0, false, false},
    {505, "HTTP Version Not Supported", "Not understood", 0, false, false},
    {500, "Internal Server Error", "Something went wrong", 0, false, false},
};

/* One column, one card, the portal's colours (web/style.css) in the scheme of the reader's choice; nothing fetched. */
static const char page_style[] =
    ":root{color-scheme:light dark;--ink:#1d2a2f;--quiet:#566268;--paper:#f4f2ed;--card:#fff;--line:#d9d6cd;"
    "--accent:#256b66;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ecec;--quiet:#9fadb1;--paper:#14191b;--card:#1d2427;"
    "--line:#364045;--accent:#6cc3ba;--on:#10201e}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);"
    "color:var(--ink);font:1rem/1.6 system-ui,sans-serif}"
    "main{width:100%;max-width:34rem;background:var(--card);border:1px solid var(--line);border-radius:12px;"
    "border-top:4px solid var(--accent);padding:1.75rem 2rem;overflow-wrap:anywhere}"
    "h1{margin:0 0 .75rem;font-size:1.6rem;line-height:1.25}p{margin:.5rem 0}"
    "nav{margin-top:1.25rem;display:flex;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:center}a{color:var(--accent)}"
    "a.go{padding:.6rem 1.1rem;border-radius:8px;background:var(--accent);color:var(--on);text-decoration:none;"
    "font-weight:600}a:focus-visible{outline:3px solid var(--ink);outline-offset:2px}"
    "footer{margin-top:1.5rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--quiet);"
    "font-size:.875rem}";

static const struct page_kind *kind_of(int status)
{
    const struct page_kind *kind = page_kinds;

    while (kind->status != status && kind->status != 500)
        kind++;
    return kind;
}

static bool has_ended(const struct page *p)
{
    return p->ended_s > 0 && p->ended_s <= LAST_SECOND;
}

/* As `format` of strftime(3) has it. */
static void add_time(struct buf *b, int64_t seconds, const char *format)
{
    time_t at = (time_t)seconds;
    char text[64];
    struct tm parts;

    if (gmtime_r(&at, &parts) && strftime(text, sizeof text, format, &parts))
        buf_add_text(b, text);
}

static void add_html_char(struct buf *b, char c)
{
    if (c == '&')
        buf_add_text(b, "&amp;");
    else if (c == '<')
        buf_add_text(b, "&lt;");
    else if (c == '>')
        buf_add_text(b, "&gt;");
    else if (c == '"')
        buf_add_text(b, "&quot;");
    else
        buf_add_char(b, c);
}

/* Text as HTML. */
static void add_html(struct buf *b, const char *text)
{
    while (*text)
        add_html_char(b, *text++);
}

/* A paragraph of one sentence that begins small and has no full stop. */
static void add_paragraph(struct buf *b, const char *sentence)
{
    buf_add_text(b, "<p>");
    if (*sentence)
        add_html_char(b, (char)toupper((unsigned char)*sentence++));
    add_html(b, sentence);
    buf_add_text(b, ".</p>\n");
}

static void add_link(struct buf *b, const struct page *p, const char *path, const char *text)
{
    buf_add_text(b, "<a class=\"go\" href=\"");
    add_html(b, p->portal);
    add_html(b, path);
    buf_add_format(b, "\">%s</a>", text);
}

/* How to go on: by a link where one is known. */
static void add_way_on(struct buf *b, const struct page *p)
{
    if (!*p->portal) {
        add_paragraph(b, "launch the repository again from where you found its link");
        return;
    }
    buf_add_text(b, "<nav>");
    if (p->again)
        add_link(b, p, p->again, "Launch it again");
    else
        add_link(b, p, "", "Launch a repository");
    buf_add_text(b, "</nav>\n");
}

static void add_html_head(struct buf *b, const struct page_kind *kind, const char *title)
{
    buf_add_text(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    if (kind->by_itself)
        buf_add_format(b, "<meta http-equiv=\"refresh\" content=\"%d\">", kind->retry_s);
    buf_add_format(b, "<title>%s</title><style>%s</style></head>\n<body><main><h1>%s</h1>\n", title, page_style, title);
}

static void add_html_body(struct buf *b, const struct page *p, const struct page_kind *kind, const char *sentence)
{
    const struct err_info *info = err_info(p->code);
    bool ended = has_ended(p);

    add_html_head(b, kind, ended ? "This session has ended" : kind->title);
    add_paragraph(b, sentence);
    if (ended) {
        buf_add_text(b, "<p>It ended on ");
        add_time(b, p->ended_s, "%-d %B %Y at %H:%M UTC");
        buf_add_text(b, ". What was not downloaded from it is gone.</p>\n");
    } else if (info->for_visitor) {
        add_paragraph(b, info->remedy);
    }
    if (kind->leads_on)
        add_way_on(b, p);
    buf_add_text(b, "<footer>");
    if (ended)
        buf_add_text(b, NOT_FOUND " &middot; ");
    buf_add_format(b, "Ringbinder &middot; %d &middot; RB%d</footer></main></body></html>\n", kind->status,
                   (int)p->code);
}

static void add_json_text(struct buf *b, const char *name, const char *value)
{
    buf_add_format(b, ", \"%s\": ", name);
    json_add_string(b, value, strlen(value));
}

/* `message` is what JupyterLab shows of an answer that it did not expect. */
static void add_json_body(struct buf *b, const struct page *p, const struct page_kind *kind, const char *sentence)
{
    buf_add_format(b, "{\"status\": %d, \"code\": \"RB%d\"", kind->status, (int)p->code);
    add_json_text(b, "reason", kind->title);
    add_json_text(b, "message", sentence);
    if (has_ended(p)) {
        buf_add_text(b, ", \"ended\": \"");
        add_time(b, p->ended_s, "%Y-%m-%dT%H:%M:%SZ");
        buf_add_text(b, "\"");
    }
    if (kind->leads_on && *p->portal) {
        cleanup_buf struct buf url = BUF_OF(PAGE_MAX);

        buf_add_format(&url, "%s%s", p->portal, p->again ? p->again : "");
        add_json_text(b, "launch", buf_text(&url));
    }
    buf_add_text(b, "}\n");
}

/* What all answers of ours begin with. */
static void add_first_lines(struct buf *b, int status, const char *reason, const char *type, size_t len)
{
    buf_add_format(b, "HTTP/1.1 %d %s\r\nServer: Ringbinder\r\nDate: %s\r\n", status, reason, clock_http_now());
    buf_add_format(b, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, len);
    buf_add_text(b, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
}

static void add_head(struct buf *b, const struct page *p, const struct page_kind *kind, size_t len)
{
    add_first_lines(b, kind->status, kind->reason, p->json ? "application/json" : "text/html; charset=utf-8", len);
    /* The address may hold a token, so it is not said to anybody else. */
    buf_add_text(b, "Referrer-Policy: no-referrer\r\nX-Robots-Tag: noindex\r\n"
                    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                    "form-action 'none'\r\n");
    if (kind->status == 405)
        buf_add_text(b, "Allow: GET, HEAD\r\n");
    if (kind->retry_s)
        buf_add_format(b, "Retry-After: %d\r\n", kind->retry_s);
    buf_add_text(b, p->last ? "Connection: close\r\n\r\n" : "\r\n");
}

void page_add(struct room *out, const struct page *p)
{
    const struct err_info *info = err_info(p->code);
    const struct page_kind *kind = kind_of(p->status ? p->status : info->http_status);
    const char *sentence = p->text && info->for_visitor ? p->text : info->sentence;
    cleanup_buf struct buf body = BUF_OF(PAGE_MAX);
    cleanup_buf struct buf head = BUF_OF(PAGE_MAX);

    if (p->json)
        add_json_body(&body, p, kind, sentence);
    else
        add_html_body(&body, p, kind, sentence);
    add_head(&head, p, kind, body.len);
    room_add(out, buf_text(&head), head.len);
    if (!p->to_head)
        room_add(out, buf_text(&body), body.len);
}

void page_add_health(struct room *out, bool to_head, bool last)
{
    static const char ok[] = "ok\n";
    cleanup_buf struct buf head = BUF_OF(PAGE_MAX);

    add_first_lines(&head, 200, "OK", TEXT_TYPE, strlen(ok));
    buf_add_text(&head, last ? "Connection: close\r\n\r\n" : "\r\n");
    room_add(out, buf_text(&head), head.len);
    if (!to_head)
        room_add_text(out, ok);
}

void page_add_refusal(struct room *out, enum err_code code)
{
    const struct err_info *info = err_info(code);
    const struct page_kind *kind = kind_of(info->http_status);
    cleanup_buf struct buf answer = BUF_OF(PAGE_MAX), text = BUF_OF(PAGE_MAX);

    buf_add_format(&text, "RB%d: %s\n", (int)code, info->sentence);
    add_first_lines(&answer, kind->status, kind->reason, TEXT_TYPE, text.len);
    buf_add_format(&answer, "Retry-After: %d\r\nConnection: close\r\n\r\n%s", kind->retry_s, buf_text(&text));
    room_add(out, buf_text(&answer), answer.len);
}
