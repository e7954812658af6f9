/* ringbinder explain: how a repository would be built, and why. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"

struct explain {
    bool json;
    struct cli_repository repository; /* or a folder, for its URL */
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct explain *x = state->input;

    if (key != 'j')
        return cli_take_repository(&x->repository, key, value, state, "name a repository: its URL, or a folder");
    x->json = true;
    return 0;
}

/* The same program that plans for the daemon does it, so that both say the same; it needs no daemon. */
int cli_explain(int argc, char **argv)
{
    static const struct argp_option options[] = {{"json", 'j', NULL, 0, "Print one JSON object"}, {0}};
    static const struct argp argp = {options, take, "URL|FOLDER [REF]",
                                     "Says which lane takes a repository, which file decided, and the steps.\v"
                                     "Exit code 2: no lane takes it."};
    struct explain x = {0};
    cleanup_free char *fetch = cli_program("ringbinder-fetch");
    const char *command[6] = {fetch, "explain"};
    int count = 2;

    argp_parse(&argp, argc, argv, 0, NULL, &x);
    if (x.json)
        command[count++] = "--json";
    command[count++] = x.repository.url;
    command[count] = x.repository.ref;
    execv(fetch, (char *const *)(const void *)command);
    perror("ringbinder explain: starting ringbinder-fetch");
    return 1;
}
