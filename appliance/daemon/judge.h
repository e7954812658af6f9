/* What is wrong in a configuration whose keys are each right by themselves. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_JUDGE_H
#define DAEMON_JUDGE_H

#include "conf.h"

/* What the table of keys cannot judge: addresses, URLs, and what two keys say together. The first fault that is found,
 * with file and line. Errors: ERR_CONF_MALFORMED. */
int conf_judge(const struct conf *c, struct err *e) ERR_CHECKED;

#endif
