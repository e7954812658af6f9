/* Any bytes as what a stranger's server lists as its refs. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/refs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check(const char *commit, int done, const struct err *e)
{
    demand(done == 0 ? !commit[0] || strspn(commit, "0123456789abcdef") == GIT_COMMIT - 1 : !commit[0] && e->text[0]);
    demand(strlen(commit) < GIT_COMMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice listed = {(const char *)bytes, len};
    char commit[GIT_COMMIT];
    struct err e;

    check(commit, refs_first(commit, listed, &e), &e);
    check(commit, refs_named(commit, listed, "refs/heads/main", &e), &e);
    check(commit, refs_named(commit, listed, "refs/tags/v1^{}", &e), &e);
    return 0;
}
