/* The last lines that a container printed, out of the engine's frames. Pure; private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_TAIL_H
#define ENGINE_TAIL_H

#include <stddef.h>

#include "base/str.h"

#define TAIL_LINES "20"
#define TAIL_MAX 2001 /* bytes, and a NUL */

/* `frames`: the body of /containers/<name>/logs. The last `room` - 1 bytes count; a NUL among them becomes a blank.
 * Returns how many there are, without the NUL behind them. */
size_t tail_read(char *out, size_t room, struct slice frames);

#endif
