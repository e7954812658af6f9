/* runtime.txt: which language in which version, as of which day. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/runtime_txt.h"

#include "plan/files.h"

#define PARTS_MAX 5
#define SHOWN 60 /* characters of the file in a sentence */

static bool is_date(const struct slice part[3])
{
    static const uint64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t year, month, day;
    bool leap;

    if (part[0].len != 4 || part[1].len != 2 || part[2].len != 2 || !str_number(&year, part[0], 9999) ||
        !str_number(&month, part[1], 12) || !str_number(&day, part[2], 31) || !year || !month || !day)
        return false;
    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* False for an empty part or more of them than a valid file has. */
static bool split(struct slice part[PARTS_MAX], size_t *n, struct slice text)
{
    bool more = true;

    for (*n = 0; more; (*n)++) {
        struct slice rest = text;

        if (*n == PARTS_MAX)
            return false;
        part[*n] = slice_cut(&rest, '-');
        more = part[*n].len < text.len;
        text = rest;
        if (!part[*n].len)
            return false;
    }
    return true;
}

int runtime_txt_read(struct runtime_txt *out, const char *path, struct slice text, struct err *e)
{
    struct slice part[PARTS_MAX];
    size_t n;

    text = files_strip(text);
    *out = (struct runtime_txt){.there = true};
    if (!split(part, &n, text) || (n != 2 && n != 4 && n != 5))
        return err_set(e, ERR_PLAN_FILE,
                       "%s:1: Invalid runtime.txt: \"%.*s\". It has to be name-version, name-YYYY-MM-DD or "
                       "name-version-YYYY-MM-DD.",
                       path, text.len < SHOWN ? (int)text.len : SHOWN, text.at);
    out->name = part[0];
    if (n != 4)
        out->version = part[1];
    if (n == 2)
        return 0;
    if (!is_date(&part[n - 3]))
        return err_set(e, ERR_PLAN_FILE, "%s:1: Invalid runtime.txt date: \"%.*s\" is no day of the form YYYY-MM-DD.",
                       path, text.len < SHOWN ? (int)text.len : SHOWN, text.at);
    out->date = (struct slice){part[n - 3].at, (size_t)(part[n - 1].at + part[n - 1].len - part[n - 3].at)};
    return 0;
}
