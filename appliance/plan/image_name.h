/* Which images a stranger's Dockerfile may name. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLAN_IMAGE_NAME_H
#define PLAN_IMAGE_NAME_H

#include <stdbool.h>

#include "base/str.h"
#include "plan/settings.h"

/*
 * An engine takes an image that it has before it asks a registry (builds.md 4.1), so a name is all that is needed to
 * read another repository's files. What is kept here under names of ours is therefore nobody's to name, but for the
 * bases; ids, which no engine resolves in a build today, are refused before one does.
 */
enum image_name {
    IMAGE_NAME_FREE,
    IMAGE_NAME_MALFORMED, /* no engine takes it for a name */
    IMAGE_NAME_HIDDEN,
    IMAGE_NAME_ID,
};

enum image_name image_name_look(struct slice name, const struct plan_settings *set);

#endif
