/* The command line's verbs and what they share. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * A verb gets its own arguments, argv[0] being "ringbinder VERB", and returns the exit code: 0 done, 1 failed with a
 * sentence on stderr, 2 used wrongly. Sentences end with what to do next.
 */
int cli_up(int argc, char **argv);
int cli_launch(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_sessions(int argc, char **argv);
int cli_builds(int argc, char **argv);
int cli_images(int argc, char **argv);
int cli_stop(int argc, char **argv);
int cli_logs(int argc, char **argv);
int cli_events(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_check_config(int argc, char **argv);

struct err;

/* Says on stderr what went wrong and what to do about it; returns 1. */
int cli_failed(const char *verb, const struct err *e);

struct argp_state;

/* "URL [REF]", as verbs take it; ref stays what it was where it is left out. Borrowed from argv. */
struct cli_repository {
    const char *url, *ref;
};

/* Takes one key of argp's; `missing` is what is said where no repository is named. An error_t of argp's parsers. */
int cli_take_repository(struct cli_repository *r, int key, const char *value, struct argp_state *state,
                        const char *missing);

/* Where the appliance keeps its state and sockets unless --dir says otherwise. */
#define CLI_DIR "/var/lib/ringbinder"

/* The path of one of our programs: beside this one (a build folder), else where the package has it. Caller frees. */
char *cli_program(const char *name);

#endif
