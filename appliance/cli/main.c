/* ringbinder: the operator's hands. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
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
    {"sessions", cli_sessions, "list the sessions: whose repository, since when, how idle, how large"},
    {"builds", cli_builds, "list the builds that run, wait and have ended"},
    {"images", cli_images, "list the images that are kept"},
    {"stop", cli_stop, "end sessions and builds"},
    {"logs", cli_logs, "print the log of a build, or a session's last lines"},
    {"events", cli_events, "print what happened"},
    {"config", cli_config, "print the configuration: each key, its value and where it was set"},
    {"check-config", cli_check_config, "say what is wrong in a configuration file"},
};

#define VERBS (sizeof verbs / sizeof verbs[0])

static void help(FILE *to)
{
    fputs("Ringbinder: a Binder federation member on one machine.\n\nUsage: ringbinder VERB [OPTION...]\n\n", to);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(to, "  %-12s  %s\n", verbs[i].name, verbs[i].help);
    fputs("\n`ringbinder help VERB` says more, with examples. All but up, explain, config and check-config ask the\n"
          "daemon that runs. Exit codes: 0 done, 1 failed, 2 used wrongly.\n",
          to);
}

int cli_failed(const char *verb, const struct err *e)
{
    fprintf(stderr, "ringbinder %s: %s (RB%04d: %s)\n", verb, e->text, (int)e->code, err_info(e->code)->remedy);
    return 1;
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

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (str_is(name, verbs[i].name))
            return &verbs[i];
    fprintf(stderr, "ringbinder: there is no verb '%s'; `ringbinder help` lists them\n", name);
    return NULL;
}

static int help_verb(const char *name)
{
    const struct verb *verb = find_verb(name);
    char *arguments[] = {NULL, "--help", NULL};

    return verb ? run_verb(verb, 2, arguments) : 2;
}

int main(int argc, char **argv)
{
    const struct verb *verb;

    argp_err_exit_status = 2;
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (str_is(argv[1], "help") && argc > 2)
        return help_verb(argv[2]);
    if (str_is(argv[1], "help") || str_is(argv[1], "--help") || str_is(argv[1], "-h") || str_is(argv[1], "-?")) {
        help(stdout);
        return 0;
    }
    if (str_is(argv[1], "--version") || str_is(argv[1], "-V")) {
        puts("ringbinder " RINGBINDER_VERSION);
        return 0;
    }
    verb = find_verb(argv[1]);
    return verb ? run_verb(verb, argc - 1, argv + 1) : 2;
}
