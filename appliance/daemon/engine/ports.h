/* The TCP ports on which a container listens, as /proc shows them. Private to engine/, its parser is for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_PORTS_H
#define ENGINE_PORTS_H

#include "engine/container.h"

/* Adds those of one /proc/<pid>/net/tcp or tcp6 (proc(5)) to `out`, of which *count are taken: each port once, as many
 * as there is room for. Docker's own resolver on 127.0.0.11 is left out. */
void ports_read(struct engine_port out[ENGINE_PORTS_MAX], int *count, const char *text);

#endif
