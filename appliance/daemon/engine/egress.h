/* Where the processes that fetch repositories may not connect to: one nftables table of this instance. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_EGRESS_H
#define ENGINE_EGRESS_H

#include <stdint.h>

#include "base/err.h"

/*
 * The rule stands on the fetch user's id, so it holds for whatever a fetch connects to: a redirect's target, a
 * submodule's address, a name that resolves to another address the second time (decisions 3). Private addresses are
 * rejected; let through are the exceptions, the proxies of our environment, and port 53 of the machine's resolvers.
 * The table `ringbinder_<instance>` is replaced whole; it outlives a daemon that dies.
 */
struct egress_settings {
    const char *instance;
    uint32_t fetch_uid;
    const char *const *allow; /* "127.0.0.1:9418", "[::1]:80": TCP; ends with NULL */
};

struct egress; /* holds the mark by which other instances see that this one lives */

/* Whether each of `allow` is an address with a port. ERR_CONF_MALFORMED. */
int egress_check(const char *const *allow, struct err *e) ERR_CHECKED;

/*
 * Makes the table, and removes those of instances that live no more. Blocks for some milliseconds, longer where a
 * proxy's name has to be looked up: before the loop runs. ERR_EGRESS_OFF with nftables' reason.
 */
int egress_new(struct egress **out, const struct egress_settings *s, struct err *e) ERR_CHECKED;
/* Gives up the mark; the table stays. */
void egress_free(struct egress **egress);

/* Removes the instance's table; none there is no error. ERR_EGRESS_OFF. */
int egress_remove(const char *instance, struct err *e) ERR_CHECKED;

#endif
