/* Lists in field values, and fields that go no further than one connection. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include "http/head.h"

/* Cuts the next element of a comma-separated list off *rest, without blanks; empty ones are passed over (RFC 9110,
 * section 5.6.1). False at the end. Knows no quotes: for lists of words. */
bool http_list_next(struct slice *rest, struct slice *element);

/* Whether the field is not to be passed on: its name says so, or the head's Connection names it, or its name only looks
 * like one. Host and Content-Length stay, whatever Connection says. */
bool http_field_is_hop(const struct http_head *h, const struct http_field *f);

/* Whether who asks is a program that wants JSON: Accept has application/json and not text/html, or a script of a page
 * asks (Sec-Fetch-Mode) and does not name text/html. */
bool http_wants_json(const struct http_head *h);

/* Whether the request is a page that a person opens: Sec-Fetch-Mode says so, or, where a browser does not say (it tells
 * origins without TLS nothing; Fetch Metadata, section 2), Accept names text/html. */
bool http_is_navigation(const struct http_head *h);

/* Whether a person is behind the request (decisions 5): a navigation, or a method other than GET and HEAD. */
bool http_is_input(const struct http_head *h);

#endif
