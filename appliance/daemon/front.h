/* What the configuration says to the gateway. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_FRONT_H
#define DAEMON_FRONT_H

#include "conf.h"
#include "session/routes.h"

/* `portal_url`: as visitors see it. Errors: ERR_CONF_MALFORMED, for a trusted_proxies that is none. */
int front_read(struct session_gateway *out, const struct conf *c, const char *portal_url, struct err *e) ERR_CHECKED;

#endif
