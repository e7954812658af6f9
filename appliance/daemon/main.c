/* ringbinderd: the daemon. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "conf.h"
#include "describe.h"
#include "judge.h"
#include "wiring.h"

#define STATE_DIR "/var/lib/ringbinder"

enum task { TASK_RUN, TASK_CHECK = 256, TASK_SHOW, TASK_DESCRIBE, TASK_END };

struct arguments {
    const char *config, *dir;
    int task;
};

const char *argp_program_version = "ringbinderd " RINGBINDER_VERSION;

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch (key) {
    case 'c':
        a->config = value;
        return 0;
    case 'd':
        a->dir = value;
        return 0;
    case TASK_CHECK:
    case TASK_SHOW:
    case TASK_DESCRIBE:
    case TASK_END:
        a->task = key;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int do_task(const struct arguments *a, const struct conf *conf, struct err *e)
{
    switch (a->task) {
    case TASK_CHECK:
        return 0;
    case TASK_SHOW:
        conf_show(conf, stdout);
        return 0;
    case TASK_END:
        return daemon_end_containers(conf, a->dir, e);
    default:
        return daemon_run(conf, a->dir, e);
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "Read this configuration, and conf.d/*.conf beside it; without one, the defaults"},
        {"dir", 'd', "DIR", 0, "Keep the state here (" STATE_DIR ")"},
        {"check-config", TASK_CHECK, NULL, 0, "Only say whether the configuration can be used"},
        {"show-config", TASK_SHOW, NULL, 0, "Print the configuration, with what each key is, and end"},
        {"describe-config", TASK_DESCRIBE, NULL, 0, "Print it as JSON, with all that is wrong in it, and end"},
        {"end-containers", TASK_END, NULL, 0, "Remove the containers of the state folder's instance, and end"},
        {0},
    };
    static const struct argp argp = {options, take, NULL,
                                     "The daemon of Ringbinder. It is started by `ringbinder up` or by systemd, which "
                                     "hand its sockets over."};
    struct arguments arguments = {.dir = STATE_DIR};
    struct conf conf;
    struct err e;
    int result;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    umask(0077); /* what is kept here holds secrets, or what was made for one visitor */
    if (arguments.task == TASK_DESCRIBE)
        return describe(arguments.config, stdout);
    result = conf_read(&conf, arguments.config, &e);
    if (result == 0)
        result = conf_judge(&conf, &e);
    if (result == 0)
        result = do_task(&arguments, &conf, &e);
    if (result < 0)
        log_err(LOG_ERR, &e, "ringbinderd");
    conf_free(&conf);
    return result < 0 ? 1 : 0;
}
