/* What the room of builds gives each build: its folder, and the limits of its steps. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_ROOM_H
#define BUILD_ROOM_H

#include <stdio.h>

#include "base/err.h"

struct builds;
struct engine_build_spec;

/* A file without a name in our folder; NULL: ERR_SYSTEM. */
FILE *builds_temporary(struct builds *all, struct err *e);

/* Sets the limits of each step of a build, where the engine room can enforce them. */
void builds_limit(const struct builds *all, struct engine_build_spec *spec);

#endif
