/* The shell of every page (contract 1.3): index.html with its configuration and its social tags. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct page_settings {
    const char *portal_url;     /* without a '/' at its end */
    const char *badge_base_url; /* "": the portal's own */
    const char *providers_json; /* array of contract 1.5 */
};

/*
 * index.html holds PAGE_CONFIG_MARK as its first script and PAGE_SOCIAL_MARK in its head. The script is the page's only
 * inline one and is allowed by its hash, never by 'unsafe-inline' (decisions 33).
 */
#define PAGE_CONFIG_MARK "<script>window.pageConfig = {};</script>"
#define PAGE_SOCIAL_MARK "<!-- social -->"
#define PAGE_BYTES_MAX (2 * 1024 * 1024)

struct page;

/* Errors: ERR_API_WEB, when a mark is missing. */
int page_new(struct page **out, struct slice index_html, const struct page_settings *settings,
             struct err *e) ERR_CHECKED;
void page_free(struct page **p);

/* Adds the page; `title` is of its social tags, NULL: the federation's. */
void page_write(const struct page *p, const char *title, struct buf *html);
/* Its Content-Security-Policy. */
const char *page_policy(const struct page *p);

#endif
