/* Which images a stranger's build may read. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WIRE_IMAGE_NAME_H
#define WIRE_IMAGE_NAME_H

#include "base/str.h"

/*
 * An engine takes an image that it has before it asks a registry (builds.md 4.1), so a name is all that is needed to
 * read another repository's files. What is kept here under names of ours is therefore nobody's to name, but for the
 * bases; ids, which no engine resolves in a build today, are refused before one does. Fetch asks this of the names in a
 * Dockerfile (plan/step_flags.h), the daemon of those that the engine then tells (build/make.h): the first has the
 * better sentence, the second holds for a fetch that was taken over, too. Pure.
 */
struct image_name_rules {
    struct slice bases;  /* images of ours that may be read; blanks between them */
    struct slice hidden; /* what images begin with that may not, beside "ringbinder/"; blanks between them */
};

enum image_name {
    IMAGE_NAME_FREE,
    IMAGE_NAME_MALFORMED, /* no engine takes it for a name */
    IMAGE_NAME_HIDDEN,
    IMAGE_NAME_ID,
};

enum image_name image_name_look(struct slice name, const struct image_name_rules *rules);

#endif
