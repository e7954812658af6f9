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
    char *what, *ref;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct explain *x = state->input;

    switch (key) {
    case 'j':
        x->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "one repository and one ref at a time");
        *(state->arg_num ? &x->ref : &x->what) = value;
        return 0;
    case ARGP_KEY_END:
        if (!x->what)
            argp_error(state, "name a repository: its URL, or a folder");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    char *command[6] = {fetch, "explain"};
    int count = 2;

    argp_parse(&argp, argc, argv, 0, NULL, &x);
    if (x.json)
        command[count++] = "--json";
    command[count++] = x.what;
    command[count] = x.ref;
    execv(fetch, command);
    perror("ringbinder explain: starting ringbinder-fetch");
    return 1;
}
