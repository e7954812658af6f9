/* Paths of requests that everybody reads alike. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stdbool.h>

#include "base/str.h"

/*
 * False for a path with a segment "." or ".." in any spelling (escaped, escaped twice or more often, with '\' or
 * escaped slashes around it, with ";parameters" behind it), with a '%' without two hex digits, or with %00. Such a path
 * would mean one thing to the table of routes and another to who serves it.
 */
bool http_path_is_plain(struct slice path);

#endif
