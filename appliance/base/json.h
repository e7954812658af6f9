/* Writing JSON strings; reading is jansson's. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

/* Adds a JSON string with its quotes, in ASCII: \uXXXX for all else, U+FFFD for what is no UTF-8 (contract 2.1). */
bool json_add_string(struct buf *b, const char *bytes, size_t len);

#endif
