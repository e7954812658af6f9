/* The network on which our containers run. Other rooms may want it gone; the rest is for engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_NETWORK_H
#define ENGINE_NETWORK_H

#include "loop/op.h"

struct engine;

#define ENGINE_NETWORK_NAME 24 /* "ringbinder-<instance>" and a NUL */

const char *engine_network_name(char name[ENGINE_NETWORK_NAME], const struct engine *en);

/* Done when it is there: made once, found again after a restart. */
struct op *engine_network_want(struct engine *en, struct done done);
/* No error when there is none. Errors: ERR_ENGINE_REFUSED while a container is on it. */
struct op *engine_network_remove(struct engine *en, struct done done);

/* The MTU of the interface of the default route in `routes`, a text as in /proc/net/route; 0 when it has none. `net`:
 * "/sys/class/net" outside of tests. */
int engine_network_mtu(const char *routes, const char *net);

#endif
