/* Fuzzes the plan: a repository of configuration files, each behind a line "@path". */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/dockerfile.h"
#include "plan/explain.h"
#include "plan/ignore.h"
#include "../unit/description.h"

#define PRINTED_MAX (64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* Copies of the paths stay in `paths` until the input is done. */
static void read_input(struct description *d, char paths[DESCRIPTION_MAX][64], struct slice input)
{
    const char *sign = "\n@";

    memset(d, 0, sizeof *d);
    d->repo.names = d->names;
    for (size_t i = 0; i < DESCRIPTION_MAX && input.len > 1 && input.at[0] == '@'; i++) {
        struct slice rest = {input.at + 1, input.len - 1}, path = slice_cut(&rest, '\n');
        const char *next = rest.len ? memmem(rest.at, rest.len, sign, 2) : NULL;
        size_t text = next ? (size_t)(next - rest.at) : rest.len;

        snprintf(paths[i], 64, "%.*s", path.len < 64 ? (int)path.len : 63, path.at);
        description_add(d, paths[i], rest.at, text);
        input = next ? (struct slice){next + 1, (size_t)(rest.at + rest.len - next - 1)} : (struct slice){0};
    }
}

/* What we write ourselves is made of our own instructions, however hostile the repository. */
static void check_own(const struct plan_text *text)
{
    static const char *const words[] = {"ARG", "FROM", "USER", "WORKDIR", "COPY", "RUN", "ENV"};
    cleanup_dockerfile struct dockerfile reader;
    struct dockerfile_instruction in;
    size_t n = 0;

    dockerfile_open(&reader, (struct slice){text->bytes, text->len});
    for (; dockerfile_next(&in, &reader); n++) {
        bool known = false;

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            known = known || slice_is(in.word, words[i]);
        demand(known && !in.heredoc);
    }
    demand(n >= 3 && n <= 9);
}

static void check_directive(const struct plan_text *text)
{
    cleanup_buf struct buf again = BUF_OF(PRINTED_MAX);
    bool changed;
    struct err e;

    demand(dockerfile_neutralise(&again, &changed, (struct slice){text->bytes, text->len}, &e) == 0 && !changed);
}

static void check_rules(const char *text)
{
    cleanup_ignore struct ignore *rules = NULL;
    struct err e;

    demand(ignore_new(&rules, text, &e) == 0);
    ignore_matches(rules, "binder/postBuild");
    ignore_matches(rules, "a/b/c/d.txt");
}

static void check_plan(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_images; i++) {
        const struct plan_image *image = &plan->images[i];

        if (plan->lane == PLAN_LAYERS)
            check_own(&image->added[0]);
        else if (image->n_added)
            check_directive(&image->added[0]);
        check_rules(image->ignore);
    }
}

/* Made and printed; a refusal is printed, too. */
static void print(struct buf *out, const struct description *d, const struct plan_settings *set)
{
    struct plan *plan;
    struct err e;

    if (plan_make(&plan, &d->repo, set, &e) < 0) {
        demand(e.code != ERR_INTERNAL && e.text[0]);
        plan_explain_refusal_json(out, &d->repo, &e);
        return;
    }
    check_plan(plan);
    demand(plan_explain_json(out, plan));
    plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct plan_settings with_ca = description_settings, old = description_settings;
    const struct plan_settings *const settings[] = {&with_ca, &old};
    char paths[DESCRIPTION_MAX][64];
    struct description d;

    with_ca.ca_bundle = slice_of("-----BEGIN CERTIFICATE-----\n");
    old.heredoc = false;
    read_input(&d, paths, (struct slice){(const char *)bytes, len});
    for (size_t i = 0; i < 2; i++) {
        cleanup_buf struct buf first = BUF_OF(PRINTED_MAX), second = BUF_OF(PRINTED_MAX);

        print(&first, &d, settings[i]);
        print(&second, &d, settings[i]);
        demand(first.len == second.len && memcmp(buf_text(&first), buf_text(&second), first.len) == 0);
    }
    return 0;
}
