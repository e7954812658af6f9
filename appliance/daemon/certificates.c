/* Which certificates builds are handed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificates.h"

#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* ca-certificates(8): what an administrator adds, and what it is made into. */
#define ADDED "/usr/local/share/ca-certificates"
#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* Not 0 ends the walk. */
static int is_certificate(const char *path, const struct stat *about, int type, struct FTW *where)
{
    return type == FTW_F && str_ends(path, ".crt");
}

const char *certificates_bundle(const char *extra_ca)
{
    if (str_is(extra_ca, "none"))
        return NULL;
    if (!str_is(extra_ca, "auto"))
        return extra_ca;
    return nftw(ADDED, is_certificate, 8, FTW_PHYS) == 1 ? BUNDLE : NULL;
}
