/* Any bytes as a Dockerfile, through its reader and its lane. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/dockerfile.h"
#include "../unit/description.h"

#define MARK "\xef\xbb\xbf" /* which is not part of the text */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* Instructions, each behind the one before and with places inside of the text. */
static size_t count(struct slice text)
{
    cleanup_dockerfile struct dockerfile reader;
    struct dockerfile_instruction in;
    size_t n = 0, end = 0;

    dockerfile_open(&reader, text);
    for (; dockerfile_next(&in, &reader); n++) {
        demand(in.end > end && in.end <= text.len && in.first_line <= reader.line);
        demand(dockerfile_offset(&reader, in.arguments.at + in.arguments.len) <= in.end);
        demand(dockerfile_offset(&reader, in.word.at) >= end);
        end = in.end;
    }
    return n;
}

static size_t words(const char *text)
{
    size_t n = 0;

    for (const char *at = text; at && *at; at++)
        n += *at == ' ';
    return text && *text ? n + 1 : 0;
}

static int plan(struct plan **out, struct slice text, const struct plan_settings *set)
{
    static struct description d;
    struct err e;

    memset(&d, 0, sizeof d);
    d.repo.names = d.names;
    description_add(&d, "Dockerfile", text.at, text.len);
    if (plan_make(out, &d.repo, set, &e) == 0)
        return 0;
    demand(e.code != ERR_INTERNAL && e.text[0]);
    return -1;
}

/* What is written in its place is what it was, and the certificates; it is taken once more. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct plan_settings with = description_settings, without = description_settings;
    struct slice text = {(const char *)bytes, len}, written;
    struct plan *first, *again;

    count(text);
    without.heredoc = false;
    if (plan(&first, text, &without) == 0)
        plan_free(&first);
    with.ca_bundle = slice_of("-----BEGIN CERTIFICATE-----\n");
    if (plan(&first, text, &with) < 0)
        return 0;
    if (first->images[0].n_added) {
        written = (struct slice){first->images[0].added[0].bytes, first->images[0].added[0].len};
        demand(count(written) ==
               count(slice_from(text, slice_starts(text, MARK) ? strlen(MARK) : 0)) + 2 * words(first->added));
        demand(plan(&again, written, &description_settings) == 0);
        plan_free(&again);
    }
    plan_free(&first);
    return 0;
}
