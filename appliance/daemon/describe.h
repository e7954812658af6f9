/* The configuration as JSON, for `ringbinder config` and `ringbinder check-config`. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_DESCRIBE_H
#define DAEMON_DESCRIBE_H

#include <stdio.h>

/*
 * Writes {"faults": [{"code", "text"}], "keys": [{"key", "value", "default", "set_in", "secret", "help"}]}: every fault
 * of the files, and what each key would be; a secret's values are null, "set_in" is "FILE:LINE" or null. Returns the
 * exit code: 1 with faults.
 */
int describe(const char *path, FILE *to);

#endif
