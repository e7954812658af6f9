/* ringbinder logs: what a build says, and what a session's container printed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/list.h"
#include "cli/plain.h"

#define NAME_MAX_BYTES 2048
#define TEXT_MAX_BYTES (1 << 20) /* of one line or one container, every byte of it an escape */
#define AGAIN_US 500000

struct logs {
    const char *dir, *name;
    bool follow, json;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct logs *l = state->input;

    switch (key) {
    case 'd':
        l->dir = value;
        return 0;
    case 'f':
        l->follow = true;
        return 0;
    case 'j':
        l->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (l->name)
            argp_error(state, "one log at a time");
        l->name = value;
        return 0;
    case ARGP_KEY_END:
        if (!l->name || !*l->name)
            argp_error(state, "name a build, an image or a session");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* As it is for a program; for a terminal with escapes, and a newline at its end. */
static void print_text(const json_t *text)
{
    const struct slice bytes = {json_string_value(text), json_string_length(text)};
    cleanup_buf struct buf shown = BUF_OF(TEXT_MAX_BYTES);

    if (!json_is_string(text))
        return;
    if (!isatty(STDOUT_FILENO)) {
        fwrite(bytes.at, 1, bytes.len, stdout);
        return;
    }
    plain_add(&shown, bytes, true);
    fwrite(buf_text(&shown), 1, shown.len, stdout);
    if (bytes.len && !str_ends(bytes.at, "\n"))
        putchar('\n');
}

static int ask(json_t **out, const struct logs *l, const char *kind, int64_t at, struct err *e)
{
    cleanup_buf struct buf name = BUF_OF(NAME_MAX_BYTES);
    cleanup_free char *path = NULL;

    if (!url_encode(&name, slice_of(l->name), "-._~"))
        return err_set(e, ERR_NO_SUCH, "there is nothing of so long a name");
    path = mem_format("/api/%s/%s/log?at=%" PRId64, kind, buf_text(&name), at);
    return client_ask(out, &(struct client_question){.dir = l->dir, .method = "GET", .path = path}, e);
}

static void print_lines(const json_t *answer, bool json)
{
    const json_t *lines = json_object_get(answer, "lines");
    json_t *line;
    size_t i;

    json_array_foreach (lines, i, line) {
        if (!json) {
            print_text(json_object_get(line, "message"));
            continue;
        }
        json_dumpf(line, stdout, JSON_ENSURE_ASCII | JSON_COMPACT);
        putchar('\n');
    }
    fflush(stdout);
}

/* From its beginning to where it is now, or until it ends. Asked for by its id, since an image may be built again. */
static int build_log(struct logs *l, struct err *e)
{
    cleanup_free char *id = NULL;
    bool ended = false, more = true;
    int64_t at = 0;
    int away = 0;

    while (more || (l->follow && !ended)) {
        json_auto_t *answer = NULL;

        if (id && !more)
            usleep(AGAIN_US);
        if (ask(&answer, l, "builds", at, e) < 0) {
            if (id && l->follow && client_again(e, &away))
                continue;
            return -1;
        }
        away = 0;
        print_lines(answer, l->json);
        at = list_number(answer, "at");
        more = json_is_true(json_object_get(answer, "more"));
        ended = json_is_true(json_object_get(answer, "ended"));
        if (!id)
            l->name = id = mem_string(list_text(answer, "build"));
    }
    return 0;
}

static int session_log(const struct logs *l, struct err *e)
{
    json_auto_t *answer = NULL;
    const json_t *error;

    if (ask(&answer, l, "sessions", 0, e) < 0)
        return -1;
    error = json_object_get(answer, "error");
    if (error)
        return client_error(e, error);
    if (l->json)
        list_print_json(answer);
    else
        print_text(json_object_get(answer, "text"));
    if (l->follow)
        fputs("ringbinder logs: --follow is for builds; these were the session's last lines\n", stderr);
    return 0;
}

int cli_logs(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dir", 'd', "DIR", 0, "The appliance's folder (" CLI_DIR ")"},
        {"follow", 'f', NULL, 0, "Go on until the build ends"},
        {"json", 'j', NULL, 0, "Print the lines as JSON objects"},
        {0},
    };
    static const struct argp argp = {
        options, take, "NAME",
        "Prints the log of a build, or the last lines that a session's container printed (200 lines, 64 KiB). NAME is "
        "a session's name, or a build's id or image: `ringbinder builds` has them. The logs of the last 32 builds that "
        "ended are kept, until the daemon is restarted."
        "\vExamples:\n"
        "  ringbinder logs --follow 3f2a91c04e7d\n"
        "  ringbinder logs jupyter-demo-x1y2z3ab\n"
        "Following a build does not count as watching it: one that no visitor waits for is stopped all the same "
        "(build_abandon). On a terminal, control characters in a log are shown as escapes; a pipe gets them as they "
        "are."};
    struct logs l = {.dir = CLI_DIR};
    struct err e, no_session, neither;

    argp_parse(&argp, argc, argv, 0, NULL, &l);
    if (session_log(&l, &no_session) == 0)
        return 0;
    if (no_session.code != ERR_NO_SUCH)
        return cli_failed("logs", &no_session);
    if (build_log(&l, &e) == 0)
        return 0;
    if (e.code != ERR_NO_SUCH)
        return cli_failed("logs", &e);
    err_set(&neither, ERR_NO_SUCH, "%s, and %s", no_session.text, e.text);
    return cli_failed("logs", &neither);
}
