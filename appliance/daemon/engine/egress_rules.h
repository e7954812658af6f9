/* The text of the table that keeps fetch processes from private addresses. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_EGRESS_RULES_H
#define ENGINE_EGRESS_RULES_H

#include "base/buf.h"
#include "engine/egress.h"

#define EGRESS_RULES_MAX (256 << 10) /* bytes; some thousand exceptions */

/* Each adds rules that let something through; nothing that they read is copied into a rule but as an address. */

/* "127.0.0.1:9418", "[::1]:80". ERR_CONF_MALFORMED. */
int egress_rules_allow(struct buf *rules, const char *address, struct err *e) ERR_CHECKED;
/* Port 53 of every nameserver that a resolv.conf(5) names; of this machine where it names none. */
void egress_rules_resolvers(struct buf *rules, const char *resolv_conf);
/* A proxy's address as curl reads it from the environment: "[http://][user@]host[:port]". Looks names up, blocking;
 * one that is not found adds nothing. */
void egress_rules_proxy(struct buf *rules, const char *url);

/* The whole input for nft(8): the table afresh, with `rules` as what is let through. */
void egress_rules_table(struct buf *out, const struct egress_settings *s, const char *rules);

#endif
