/* ringbinder events: what happened, one line each. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/figure.h"
#include "cli/list.h"

#define LINE_MAX_BYTES 32768
#define AGAIN_US 1000000

struct events {
    struct list_options list;
    int64_t since_ms; /* 0: the last ones */
    bool follow;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct events *v = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &v->list;
        return 0;
    case 's':
        v->since_ms = figure_since(value, clock_utc_ms());
        if (v->since_ms <= 0)
            argp_error(state, "--since takes how long ago, such as 90s, 15m, 2h or 3d, or a time, such as "
                              "2026-11-24T12:30 (UTC)");
        return 0;
    case 'f':
        v->follow = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "-" for what is not there: every line has its five words, and programs may count on that. */
static void add_word(struct buf *line, const json_t *event, const char *const *keys, int width)
{
    size_t before = line->len;

    for (; *keys && line->len == before; keys++)
        list_cell(line, event, *keys);
    if (line->len == before)
        buf_add_char(line, '-');
    for (size_t len = line->len - before; len < (size_t)width; len++)
        buf_add_char(line, ' ');
    if (width)
        buf_add_text(line, "  ");
}

static void print_event(const json_t *event, const struct list_options *o)
{
    static const char *const kind[] = {"kind", NULL}, *const code[] = {"code", NULL};
    static const char *const subject[] = {"session_name", "build", "image_name", NULL};
    static const char *const repository[] = {"repository", "image_name", NULL};
    cleanup_buf struct buf line = BUF_OF(LINE_MAX_BYTES);
    char time[CLOCK_TEXT];

    if (o->json) {
        json_dumpf(event, stdout, JSON_ENSURE_ASCII | JSON_COMPACT);
        putchar('\n');
        return;
    }
    buf_add_format(&line, "%s  ", clock_text(time, list_number(event, "utc_ms")));
    add_word(&line, event, kind, 16);
    add_word(&line, event, code, 6);
    add_word(&line, event, subject, 32);
    add_word(&line, event, repository, 0);
    puts(buf_text(&line));
}

/* Prints a page and moves *after behind it; *more tells that there is another. */
static int print_page(const struct events *v, int64_t *after, bool *more, struct err *e)
{
    char path[96] = "/api/events";
    json_auto_t *answer = NULL;
    const json_t *events;
    json_t *event;
    size_t i;

    if (*after >= 0)
        snprintf(path, sizeof path, "/api/events?after=%" PRId64 "&since=%" PRId64, *after, v->since_ms);
    else if (v->since_ms)
        snprintf(path, sizeof path, "/api/events?since=%" PRId64, v->since_ms);
    if (list_ask(&answer, &v->list, path, e) < 0)
        return -1;
    events = json_object_get(answer, "events");
    json_array_foreach (events, i, event) {
        print_event(event, &v->list);
        *after = list_number(event, "sequence");
    }
    fflush(stdout);
    *more = json_is_true(json_object_get(answer, "more"));
    return 0;
}

int cli_events(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"since", 's', "TIME", 0, "From then on: 90s, 15m, 2h, 3d ago, or a time such as 2026-11-24T12:30 (UTC)"},
        {"follow", 'f', NULL, 0, "Go on with what happens from now on, until Ctrl-C"},
        {0},
    };
    static const struct argp_child children[] = {{&list_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options, take, NULL,
        "Prints what happened to launches, builds, sessions and images: time (UTC), kind, code, session or build, "
        "repository. No visitor's address is among it. Without --since, the last ones; --json prints one object a "
        "line."
        "\vExamples:\n"
        "  ringbinder events --since 1h\n"
        "  ringbinder events --follow --json | jq 'select(.kind == \"launch.failed\")'",
        children};
    struct events v = {.list = {.dir = CLI_DIR}};
    int64_t after = -1;
    bool more = true;
    int away = 0;
    struct err e;

    argp_parse(&argp, argc, argv, 0, NULL, &v);
    if (print_page(&v, &after, &more, &e) < 0)
        return cli_failed("events", &e);
    while (v.follow || (more && v.since_ms && !v.list.limit)) {
        if (v.follow && !more)
            usleep(AGAIN_US);
        if (after < 0)
            after = 0; /* nothing has happened yet: the first one counts */
        if (print_page(&v, &after, &more, &e) == 0)
            away = 0;
        else if (!v.follow || !client_again(&e, &away))
            return cli_failed("events", &e);
    }
    if (more && v.since_ms)
        fputs("ringbinder events: there are more; a larger --limit, or none, shows them\n", stderr);
    return 0;
}
