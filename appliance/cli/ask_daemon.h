/* Asking ringbinderd for the configuration: it reads and judges it, for the command line as for itself. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_ASK_DAEMON_H
#define CLI_ASK_DAEMON_H

#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

#define CONFIG_FILE "/etc/ringbinder/ringbinder.conf"

/* The file that is read where none is named: CONFIG_FILE, or NULL where it is not there. */
const char *config_usual(void);

/* What `ringbinderd OPTION [--config FILE]` prints, to be read to its end and closed; then the process *pid is to be
 * waited for. `config`: NULL: none. NULL: ERR_SYSTEM. */
FILE *ask_daemon(pid_t *pid, const char *option, const char *config, struct err *e);

#endif
