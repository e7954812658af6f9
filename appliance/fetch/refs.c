/* What a server lists as its refs, as git ls-remote prints it: pure. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/refs.h"

/* The rest of the line goes to *name. */
static int read_line(char commit[GIT_COMMIT], struct slice *name, struct slice line, struct err *e)
{
    struct slice id = slice_cut(&line, '\t');

    commit[0] = '\0';
    *name = line;
    if (!id.len)
        return 0;
    if (id.len == GIT_COMMIT - 1)
        memcpy(commit, id.at, id.len);
    commit[id.len == GIT_COMMIT - 1 ? id.len : 0] = '\0';
    if (strspn(commit, "0123456789abcdef") == GIT_COMMIT - 1)
        return 0;
    commit[0] = '\0';
    return err_set(e, ERR_RESOLVE_FAILED, REFS_FAILED "the server's answer is no commit");
}

int refs_first(char commit[GIT_COMMIT], struct slice listed, struct err *e)
{
    struct slice name;

    return read_line(commit, &name, slice_cut(&listed, '\n'), e);
}

int refs_named(char commit[GIT_COMMIT], struct slice listed, const char *wanted, struct err *e)
{
    while (listed.len) {
        struct slice name;

        if (read_line(commit, &name, slice_cut(&listed, '\n'), e) < 0)
            return -1;
        if (slice_is(name, wanted))
            return 0;
    }
    commit[0] = '\0';
    return 0;
}
