/* Which id the engine gave to the container of a row. Private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_KNOWN_H
#define ENGINE_KNOWN_H

#include "base/id.h"
#include "engine/state.h"

/* Filled by create and list, for the cgroups, which are named by the engine's ids. */
void known_set(struct engine *en, const struct id *row, const char *engine_id);
void known_forget(struct engine *en, const struct id *row);
void known_clear(struct engine *en);
/* NULL when it is not known; borrowed until the next change. */
const char *known_find(const struct engine *en, const struct id *row);

#endif
