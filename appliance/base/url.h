/* Percent-encoding and the parts of a URL. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Adds `text` with everything but letters, digits and `safe` as %XX, upper case (RFC 3986, section 2.1). */
bool url_encode(struct buf *out, struct slice text, const char *safe);

/* Adds `text` with each %XX decoded; false for a '%' without two hex digits, for %00, or when it does not fit. */
bool url_decode(struct buf *out, struct slice text);

/* Finds `name` in "a=1&b=2" and adds its decoded value; false when it is not there or malformed. '+' is a blank. */
bool url_query_value(struct buf *out, struct slice query, const char *name);

#endif
