/* Cookies between a browser and a container: ours are kept out, theirs stay below their path. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Writes at most `room` bytes; what does not fit makes the result false and *len meaningless. Pure. */

/*
 * The pairs of a Cookie field's value without those named "__Host-...": a container can set none of these, since its
 * cookies get a path, so they are ours. False also when nothing is left.
 */
bool http_cookie_to_container(char *out, size_t room, size_t *len, struct slice value);

/*
 * A Set-Cookie field's value without Domain, and with a Path that is `base` ("/user/name/") or below: one that is
 * wider, and one that is missing, becomes `base`.
 */
bool http_cookie_from_container(char *out, size_t room, size_t *len, struct slice value, struct slice base);

#endif
