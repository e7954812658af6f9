/* The files under /static/, read once. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_SITE_H
#define API_SITE_H

#include "base/err.h"
#include "base/str.h"

/* Files of known types (.js .css .svg .png .ico .woff2 .html .txt), at most SITE_FILES_MAX of SITE_FILE_BYTES each:
 * more is an error, not a page with holes. What else is in the folder is not served. */
#define SITE_FILES_MAX 64
#define SITE_FILE_BYTES (1024 * 1024)

struct site;

struct site_file {
    char *name, *bytes;
    size_t len;
    const char *type; /* Content-Type */
};

/* Errors: ERR_API_WEB, which names the file. */
int site_new(struct site **out, const char *folder, struct err *e) ERR_CHECKED;
void site_free(struct site **s);

/* NULL when there is none of exactly that name. */
const struct site_file *site_find(const struct site *s, struct slice name);

#endif
