/* Line numbers of a Dockerfile with added lines become those of the repository's file. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/lines.h"
#include "tap.h"

static void check(const char *text, const char *added, const char *want)
{
    struct err e;

    err_set(&e, ERR_BUILD_DOCKERFILE, "%s", text);
    lines_of_repository(&e, added);
    is(e.text, want, text);
}

int main(void)
{
    check("dockerfile parse error line 5: unknown flag", "1", "dockerfile parse error line 3: unknown flag");
    check("dockerfile parse error on line 1: x", "1 4", "dockerfile parse error on line 1: x");
    check("dockerfile parse error on line 6: x", "1 4", "dockerfile parse error on line 4: x");
    check("dockerfile parse error on line 7: x", "1 4", "dockerfile parse error on line 4: x");
    check("dockerfile parse error on line 9: x", "1 4", "dockerfile parse error on line 5: x");
    check("dockerfile parse error line 3", "1", "dockerfile parse error line 1");
    check("parse error line 12: line 9", "", "parse error line 12: line 9");
    check("parse error line 12: x", "a b", "parse error line 12: x");
    check("parse error line 99999999999999999999999: x", "1", "parse error line 99999999999999999999999: x");
    check("parse error line : x", "1", "parse error line : x");
    check("no line 9 here", "1", "no line 9 here");
    return tap_end();
}
