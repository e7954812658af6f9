/* ringbinder launch: a repository's URL in, the link to its notebook out. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "cli/cli.h"
#include "cli/client.h"

#define SPEC_MAX 4096

struct launch {
    const char *dir;
    struct cli_repository repository;
    bool quiet;
    bool ready, failed;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct launch *l = state->input;

    switch (key) {
    case 'd':
        l->dir = value;
        return 0;
    case 'q':
        l->quiet = true;
        return 0;
    default:
        return cli_take_repository(&l->repository, key, value, state, "name a repository by its URL");
    }
}

static const char *event_text(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    return text ? text : "";
}

static bool show_event(void *arg, const json_t *event)
{
    struct launch *l = arg;
    const char *phase = event_text(event, "phase"), *message = event_text(event, "message");

    if (str_is(phase, "ready")) {
        l->ready = true;
        printf("%s?token=%s\n", event_text(event, "url"), event_text(event, "token"));
        return false;
    }
    if (str_is(phase, "failed") || str_is(phase, "failure")) {
        l->failed = true;
        fprintf(stderr, "ringbinder launch: %s", message);
        if (!str_ends(message, "\n"))
            fputc('\n', stderr);
        return false;
    }
    if (!l->quiet)
        fprintf(stderr, "%-10s %s%s", phase, message, str_ends(message, "\n") ? "" : "\n");
    return true;
}

/* The request's path: the provider git takes every URL that git takes (contract 3.1). */
static bool build_path(struct buf *out, const struct launch *l)
{
    buf_add_text(out, "/build/git/");
    url_encode(out, slice_of(l->repository.url), "-._~");
    buf_add_char(out, '/');
    return url_encode(out, slice_of(l->repository.ref), "-._~");
}

int cli_launch(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"dir", 'd', "DIR", 0, "The appliance's folder (" CLI_DIR ")"},
        {"quiet", 'q', NULL, 0, "Print the link and nothing else"},
        {0},
    };
    static const struct argp argp = {options, take, "URL [REF]",
                                     "Launches a Git repository: its progress on stderr, then the link on stdout.\v"
                                     "REF is a branch, a tag or a commit; HEAD when it is left out."};
    struct launch l = {.dir = CLI_DIR, .repository.ref = "HEAD"};
    cleanup_buf struct buf path = BUF_OF(SPEC_MAX);
    cleanup_free char *socket = NULL;
    struct err e;

    argp_parse(&argp, argc, argv, 0, NULL, &l);
    if (!build_path(&path, &l)) {
        fprintf(stderr, "ringbinder launch: a URL and its ref have at most %d bytes together\n", SPEC_MAX);
        return 2;
    }
    socket = mem_format("%s/run/admin.sock", l.dir);
    if (client_stream(socket, buf_text(&path), show_event, &l, &e) < 0) {
        return cli_failed("launch", &e);
    }
    if (!l.ready && !l.failed)
        fputs("ringbinder launch: the daemon ended the stream before the notebook was ready; try again\n", stderr);
    return l.ready ? 0 : 1;
}
