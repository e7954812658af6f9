/* Labels and build arguments: a short list of "NAME=value". */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/pairs.h"

#include <stddef.h>

#include "base/mem.h"

void pairs_add(struct pairs *p, const char *name, const char *value)
{
    size_t at = 0;

    while (p->items[at])
        at++;
    if (at == PAIRS_MAX)
        abort();
    p->items[at] = mem_format("%s=%s", name, value);
}

void pairs_free(struct pairs *p)
{
    for (size_t i = 0; p->items[i]; i++)
        free(p->items[i]);
    *p = (struct pairs){0};
}
