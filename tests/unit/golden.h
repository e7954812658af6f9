/* Comparing a text with the file that shows how it has to be. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tap.h"

#define GOLDEN_MAX 65536

/* The file is tests/unit/data/<name>. */
static inline void golden(const char *got, size_t len, const char *name, const char *sentence)
{
    const char *source = getenv("SRCDIR");
    cleanup_free char *path = mem_format("%s/tests/unit/data/%s", source ? source : ".", name);
    cleanup_free char *want = mem_zero(GOLDEN_MAX, 1);
    cleanup_free char *copy = mem_copy(got, len);
    cleanup_file FILE *file = fopen(path, "r");

    if (file)
        want[fread(want, 1, GOLDEN_MAX - 1, file)] = '\0';
    is(copy, want, sentence);
}

#endif
