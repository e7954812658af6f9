/* ringbinder stop: ends sessions and builds, with the operator's reason. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/url.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/list.h"

#define PATH_MAX_BYTES 4096
#define NAMES_MAX 64
#define REASON_MAX 160 /* the daemon's bound */

struct stop {
    const char *dir, *because;
    const char *names[NAMES_MAX];
    size_t count;
    bool all;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct stop *s = state->input;

    switch (key) {
    case 'd':
        s->dir = value;
        return 0;
    case 'a':
        s->all = true;
        return 0;
    case 'b':
        if (strlen(value) > REASON_MAX)
            argp_error(state, "a reason has at most %d bytes", REASON_MAX);
        s->because = value;
        return 0;
    case ARGP_KEY_ARG:
        if (s->count == NAMES_MAX)
            argp_error(state, "at most %d names at a time", NAMES_MAX);
        s->names[s->count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (s->all == (s->count > 0))
            argp_error(state, "name sessions or builds, or say --all for every session");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int ask(const struct stop *s, const char *kind, const char *name, struct err *e)
{
    cleanup_buf struct buf path = BUF_OF(PATH_MAX_BYTES);
    json_auto_t *answer = NULL;
    struct client_question question = {.dir = s->dir, .method = "DELETE"};

    buf_add_format(&path, "/api/%s/", kind);
    url_encode(&path, slice_of(name), "-._~");
    if (s->because) {
        buf_add_text(&path, "?because=");
        url_encode(&path, slice_of(s->because), "-._~");
    }
    if (path.full || !*name)
        return err_set(e, ERR_NO_SUCH, "there is nothing of that name");
    question.path = buf_text(&path);
    if (client_ask(&answer, &question, e) < 0)
        return -1;
    printf("stopped %s %s\n", list_text(answer, "stopped"), list_text(answer, "name"));
    return 0;
}

/* A session of that name, else a build. */
static int stop_one(const struct stop *s, const char *name)
{
    struct err e, no_session, neither;

    if (ask(s, "sessions", name, &no_session) == 0)
        return 0;
    if (no_session.code != ERR_NO_SUCH)
        return cli_failed("stop", &no_session);
    if (ask(s, "builds", name, &e) == 0)
        return 0;
    if (e.code != ERR_NO_SUCH)
        return cli_failed("stop", &e);
    err_set(&neither, ERR_NO_SUCH, "%s, and %s", no_session.text, e.text);
    return cli_failed("stop", &neither);
}

/* Those that are there now: one that begins meanwhile goes on. */
static int stop_all(const struct stop *s)
{
    const struct list_options options = {.dir = s->dir, .limit = LIST_LIMIT_MAX};
    json_auto_t *answer = NULL;
    const json_t *rows;
    json_t *row;
    size_t i;
    struct err e;
    int result = 0;

    if (list_ask(&answer, &options, "/api/sessions", &e) < 0)
        return cli_failed("stop", &e);
    rows = json_object_get(answer, "sessions");
    json_array_foreach (rows, i, row)
        if (ask(s, "sessions", list_text(row, "name"), &e) < 0 && e.code != ERR_NO_SUCH)
            result = cli_failed("stop", &e);
    if (json_is_true(json_object_get(answer, "more")))
        fputs("ringbinder stop: there are more sessions: say it again\n", stderr);
    return result;
}

int cli_stop(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dir", 'd', "DIR", 0, "The appliance's folder (" CLI_DIR ")"},
        {"all", 'a', NULL, 0, "Every session"},
        {"because", 'b', "TEXT", 0, "Why: visitors read it on the page of their session or build"},
        {0},
    };
    static const struct argp argp = {
        options, take, "NAME...",
        "Ends sessions, with what is in their memory and files, and builds. NAME is a session's name, or a build's "
        "id or image. What is ended is printed; the exit code is 1 where something could not be."
        "\vExamples:\n"
        "  ringbinder stop jupyter-demo-x1y2z3ab --because 'it sends mail'\n"
        "  ringbinder stop --all --because 'new disks, back at 14:00'"};
    struct stop s = {.dir = CLI_DIR};
    int result = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &s);
    if (s.all)
        return stop_all(&s);
    for (size_t i = 0; i < s.count; i++)
        if (stop_one(&s, s.names[i]) != 0)
            result = 1;
    return result;
}
