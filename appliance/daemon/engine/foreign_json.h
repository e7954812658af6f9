/* JSON of the engine's, which strangers' Dockerfiles have written into. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_FOREIGN_JSON_H
#define ENGINE_FOREIGN_JSON_H

#include <jansson.h>
#include <stddef.h>

/*
 * NULL: it is no JSON, and *where says why; `where` may be NULL. An image's labels may hold NUL, in a name, too, and
 * every list of containers holds the labels of every container's image; jansson takes no \u0000 in a name. So each
 * becomes U+FFFD, as the engine itself makes it of what is no UTF-8. Released by json_decref().
 */
json_t *foreign_json(const char *bytes, size_t len, json_error_t *where);

#endif
