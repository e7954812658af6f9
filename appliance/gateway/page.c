/* Answers of the gateway's own: a page that a person can read, JSON for programs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/page.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

#define PAGE_MAX 8192 /* bytes; with its head it fits into a buffer */

/* What a status says on its page. `again_s`: after how many seconds the page tries again; 0: not by itself. */
struct page_kind {
    int status;
    const char *reason, *title;
    const char *advice; /* beside the code's own; NULL: none */
    int again_s;
};

static const struct page_kind page_kinds[] = {
    {400, "Bad Request", "Not understood", NULL, 0},
    {404, "Not Found", "Binder not found", NULL, 0},
    {405, "Method Not Allowed", "Not allowed here", NULL, 0},
    {408, "Request Timeout", "Too slow", NULL, 0},
    {413, "Content Too Large", "Too large", NULL, 0},
    {424, "Failed Dependency", "Binder not found", "Launch the repository again from where you found its link.", 0},
    {431, "Request Header Fields Too Large", "Too large", NULL, 0},
    {501, "Not Implemented", "Not understood", NULL, 0},
    {502, "Bad Gateway", "No proper answer", NULL, 0},
    {503, "Service Unavailable", "One moment", NULL, 3},
    {504, "Gateway Timeout", "No answer in time", NULL, 0},
    {505, "HTTP Version Not Supported", "Not understood", NULL, 0},
    {500, "Internal Server Error", "Something went wrong", NULL, 0},
};

/* One column, one card, the portal's colours (web/style.css) in the scheme of the reader's choice; nothing fetched. */
static const char page_style[] =
    ":root{color-scheme:light dark;--ink:#1d2a2f;--quiet:#566268;--paper:#f4f2ed;--card:#fff;--line:#d9d6cd;"
    "--accent:#256b66}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ecec;--quiet:#9fadb1;--paper:#14191b;--card:#1d2427;"
    "--line:#364045;--accent:#6cc3ba}}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);"
    "color:var(--ink);font:1rem/1.6 system-ui,sans-serif}"
    "main{width:100%;max-width:34rem;background:var(--card);border:1px solid var(--line);border-radius:12px;"
    "border-top:4px solid var(--accent);padding:1.75rem 2rem}"
    "h1{margin:0 0 .75rem;font-size:1.6rem;line-height:1.25}p{margin:.5rem 0}"
    "footer{margin-top:1.5rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--quiet);"
    "font-size:.875rem}";

static const struct page_kind *kind_of(int status)
{
    const struct page_kind *kind = page_kinds;

    while (kind->status != status && kind->status != 500)
        kind++;
    return kind;
}

/* Text as HTML, its first letter a capital one. */
static void add_html(struct buf *b, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '&')
            buf_add_text(b, "&amp;");
        else if (*at == '<')
            buf_add_text(b, "&lt;");
        else if (*at == '>')
            buf_add_text(b, "&gt;");
        else
            buf_add_char(b, at == text ? (char)toupper((unsigned char)*at) : *at);
    }
}

static void add_html_body(struct buf *b, const struct page *p, const struct page_kind *kind, const char *sentence)
{
    const struct err_info *info = err_info(p->code);

    buf_add_text(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    if (kind->again_s)
        buf_add_format(b, "<meta http-equiv=\"refresh\" content=\"%d\">", kind->again_s);
    buf_add_format(b, "<title>%s</title><style>%s</style></head>\n<body><main><h1>%s</h1>\n<p>", kind->title,
                   page_style, kind->title);
    add_html(b, sentence);
    buf_add_text(b, ".</p>\n");
    if (info->for_visitor) {
        buf_add_text(b, "<p>");
        add_html(b, info->remedy);
        buf_add_text(b, ".</p>\n");
    }
    if (kind->advice)
        buf_add_format(b, "<p>%s</p>\n", kind->advice);
    buf_add_format(b, "<footer>Ringbinder &middot; %d &middot; RB%d</footer></main></body></html>\n", kind->status,
                   (int)p->code);
}

static void add_json_body(struct buf *b, const struct page *p, const struct page_kind *kind, const char *sentence)
{
    buf_add_format(b, "{\"status\": %d, \"code\": \"RB%d\", \"reason\": ", kind->status, (int)p->code);
    json_add_string(b, kind->title, strlen(kind->title));
    buf_add_text(b, ", \"message\": ");
    json_add_string(b, sentence, strlen(sentence));
    buf_add_text(b, "}\n");
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
    buf_add_format(&head, "HTTP/1.1 %d %s\r\nServer: Ringbinder\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                   kind->status, kind->reason, p->json ? "application/json" : "text/html; charset=utf-8", body.len);
    /* The address may hold a token, so it is not said to anybody else. */
    buf_add_text(&head, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
                        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n");
    if (kind->status == 405)
        buf_add_text(&head, "Allow: GET, HEAD\r\n");
    if (kind->again_s)
        buf_add_format(&head, "Retry-After: %d\r\n", kind->again_s);
    buf_add_text(&head, p->last ? "Connection: close\r\n\r\n" : "\r\n");
    room_add(out, buf_text(&head), head.len);
    if (!p->to_head)
        room_add(out, buf_text(&body), body.len);
}

void page_add_health(struct room *out, bool to_head, bool last)
{
    room_add_text(out, "HTTP/1.1 200 OK\r\nServer: Ringbinder\r\nContent-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: 3\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    room_add_text(out, last ? "Connection: close\r\n\r\n" : "\r\n");
    if (!to_head)
        room_add_text(out, "ok\n");
}
