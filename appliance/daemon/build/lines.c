/* Line numbers of errors in a Dockerfile that lines were added to. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/lines.h"

#include <stdio.h>

#include "base/str.h"
#include "wire/fetch.h"

#define LINE_MAX_NUMBER 10000000

static uint64_t line_of_repository(uint64_t line, struct slice added)
{
    uint64_t more = 0, behind;

    while (added.len) {
        if (!str_number(&behind, slice_cut(&added, ' '), LINE_MAX_NUMBER) || line <= behind + more)
            break;
        /* An added line itself is its FROM's. */
        if (line <= behind + more + WIRE_FETCH_ADDED_LINES)
            return behind;
        more += WIRE_FETCH_ADDED_LINES;
    }
    return line - more;
}

void lines_of_repository(struct err *e, const char *added)
{
    char text[sizeof e->text];
    const char *at = strstr(e->text, "parse error "), *number;
    uint64_t line;

    if (!at || !(number = strstr(at, "line ")))
        return;
    number += strlen("line ");
    if (!str_number(&line, (struct slice){number, strspn(number, "0123456789")}, LINE_MAX_NUMBER))
        return;
    str_copy(text, sizeof text, e->text);
    snprintf(e->text, sizeof e->text, "%.*s%llu%s", (int)(number - e->text), text,
             (unsigned long long)line_of_repository(line, slice_of(added)),
             text + (number - e->text) + strspn(number, "0123456789"));
}
