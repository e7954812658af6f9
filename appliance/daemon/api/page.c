/* The shell of every page (contract 1.3): index.html with its configuration and its social tags. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/page.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#define CONFIG_MAX (64 * 1024)
#define POLICY_MAX 512
#define ICON "/static/icon.svg"

struct page {
    char *start, *middle, *end; /* what stands before, between and behind script and social tags */
    char *script, *image;       /* image: absolute URL */
    char policy[POLICY_MAX];
};

/* Inside JSON these four stand in strings alone, so the value is the same and no tag can end the script. */
static void add_safely(struct buf *out, const char *json)
{
    for (const char *at = json; *at; at++) {
        if (strchr("<>&'", *at))
            buf_add_format(out, "\\u%04x", (unsigned)*at);
        else
            buf_add_char(out, *at);
    }
}

static void add_text(struct buf *json, const char *key, const char *value)
{
    buf_add_format(json, "\"%s\": ", key);
    json_add_string(json, value, strlen(value));
    buf_add_text(json, ", ");
}

static int write_script(struct page *p, const struct page_settings *settings, struct err *e)
{
    cleanup_buf struct buf json = BUF_OF(CONFIG_MAX), script = BUF_OF(CONFIG_MAX);

    buf_add_char(&json, '{');
    add_text(&json, "baseUrl", "/");
    add_text(&json, "badgeBaseUrl", settings->badge_base_url);
    add_text(&json, "logoUrl", ICON);
    add_text(&json, "logoWidth", "320px");
    add_text(&json, "aboutMessage", "");
    add_text(&json, "bannerHtml", "");
    add_text(&json, "binderVersion", "ringbinder-" RINGBINDER_VERSION);
    buf_add_format(&json, "\"repoProviders\": %s}", settings->providers_json);
    buf_add_text(&script, "window.pageConfig = ");
    add_safely(&script, buf_text(&json));
    buf_add_char(&script, ';');
    if (json.full || script.full)
        return err_set(e, ERR_API_WEB, "the page's configuration has more than %d bytes", CONFIG_MAX);
    p->script = buf_steal(&script);
    return 0;
}

static void write_policy(struct page *p)
{
    char hash[sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    uint8_t digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, (const uint8_t *)p->script, strlen(p->script));
    sodium_bin2base64(hash, sizeof hash, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    snprintf(p->policy, sizeof p->policy,
             "default-src 'self'; script-src 'self' 'sha256-%s'; object-src 'none'; base-uri 'none'; "
             "form-action 'self'; frame-ancestors 'none'",
             hash);
}

/* What stands before `mark`; *rest goes on behind it. NULL when it is not there. */
static char *cut_at(struct slice *rest, const char *mark)
{
    const char *found = memmem(rest->at, rest->len, mark, strlen(mark));
    struct slice before = {rest->at, found ? (size_t)(found - rest->at) : 0};

    if (!found)
        return NULL;
    rest->at = found + strlen(mark);
    rest->len -= before.len + strlen(mark);
    return mem_copy(before.at, before.len);
}

int page_new(struct page **out, struct slice html, const struct page_settings *settings, struct err *e)
{
    struct page *p = *out = mem_zero(1, sizeof *p);
    int result;

    p->image = mem_format("%s" ICON, settings->portal_url);
    p->start = cut_at(&html, PAGE_CONFIG_MARK);
    p->middle = cut_at(&html, PAGE_SOCIAL_MARK);
    p->end = mem_copy(html.at, html.len);
    if (!p->start || !p->middle)
        result = err_set(e, ERR_API_WEB, "index.html: no %s, or not in this order",
                         p->start ? PAGE_SOCIAL_MARK : PAGE_CONFIG_MARK);
    else
        result = write_script(p, settings, e);
    if (result < 0)
        page_free(out);
    else
        write_policy(p);
    return result;
}

void page_free(struct page **p)
{
    if (!*p)
        return;
    free((*p)->start);
    free((*p)->middle);
    free((*p)->end);
    free((*p)->script);
    free((*p)->image);
    free(STEAL(*p));
}

static void add_attribute(struct buf *html, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&'\"", *text))
            buf_add_format(html, "&#%d;", *text);
        else
            buf_add_char(html, *text);
    }
}

static void add_tag(struct buf *html, const char *kind, const char *name, const char *content)
{
    buf_add_format(html, "<meta %s=\"%s\" content=\"", kind, name);
    add_attribute(html, content);
    buf_add_text(html, "\">\n");
}

void page_write(const struct page *p, const char *title, struct buf *html)
{
    buf_add_format(html, "%s<script>", p->start);
    buf_add_format(html, "%s</script>%s", p->script, p->middle);
    add_tag(html, "property", "og:title", title ? title : "The Binder Project");
    add_tag(html, "property", "og:image", p->image);
    add_tag(html, "property", "og:description", "From a Git repository to a running notebook, in the browser.");
    add_tag(html, "name", "twitter:card", "summary");
    buf_add_text(html, p->end);
}

const char *page_policy(const struct page *p)
{
    return p->policy;
}
