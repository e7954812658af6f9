/* The last lines that a container printed, out of the engine's frames. Pure; private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_TAIL_H
#define ENGINE_TAIL_H

#include <stddef.h>

#define TAIL_LINES "20"
#define TAIL_MAX 2001 /* bytes, and a NUL */

/* `frames`: the body of /containers/<name>/logs. The last bytes count; a NUL among them becomes a blank. */
void tail_read(char out[TAIL_MAX], const char *frames, size_t len);

#endif
