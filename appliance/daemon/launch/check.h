/* What is asked of a launch before anything is done for it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAUNCH_CHECK_H
#define LAUNCH_CHECK_H

#include "launch/launch.h"
#include "provider/provider.h"

/* What checks look at, and what they find out on the way. */
struct check_subject {
    const struct launch_request *request;
    const struct provider_host *hosts;
    struct provider_place *place; /* filled by the check of the spec */
};

/* Makes the checks in the table's order, until one fails: *e is its error. */
int check_launch(const struct check_subject *subject, struct err *e) ERR_CHECKED;

#endif
