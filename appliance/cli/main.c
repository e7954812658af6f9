/* ringbinder: the operator's hands. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static const struct verb verbs[] = {
    {"up", cli_up, "run the whole appliance in the foreground, until Ctrl-C"},
    {"launch", cli_launch, "launch a repository and print the link to its notebook"},
    {"explain", cli_explain, "say how a repository would be built, and why"},
};

static void help(FILE *to)
{
    fputs("Ringbinder: a Binder federation member on one machine.\n\nUsage: ringbinder VERB [OPTION...]\n\n", to);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    fputs("\n`ringbinder VERB --help` says more.\n", to);
}

char *cli_program(const char *name)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (len > 0) {
        self[len] = '\0';
        slash = strrchr(self, '/');
        cleanup_free char *beside = mem_format("%.*s/%s", (int)(slash - self), self, name);
        if (access(beside, X_OK) == 0)
            return STEAL(beside);
    }
    return mem_format("%s/ringbinder/%s", LIBEXECDIR, name);
}

int cli_take_repository(struct cli_repository *r, int key, const char *value, struct argp_state *state,
                        const char *missing)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "one repository and one ref at a time");
        *(state->arg_num ? &r->ref : &r->url) = value;
        return 0;
    case ARGP_KEY_END:
        if (!r->url)
            argp_error(state, "%s", missing);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    cleanup_free char *name = mem_format("ringbinder %s", verb->name);

    argv[0] = name; /* what argp prints in front of its sentences */
    return verb->run(argc, argv);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (str_is(argv[1], "--help") || str_is(argv[1], "help")) {
        help(stdout);
        return 0;
    }
    if (str_is(argv[1], "--version")) {
        puts("ringbinder " RINGBINDER_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_is(argv[1], verbs[i].name))
            return run_verb(&verbs[i], argc - 1, argv + 1);
    fprintf(stderr, "ringbinder: there is no verb '%s'; `ringbinder --help` lists them\n", argv[1]);
    return 2;
}
