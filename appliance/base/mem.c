/* Memory that is there, or the process ends. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mem_none(size_t size)
{
    fprintf(stderr, "<2>RB1001 out of memory: %zu bytes were asked for\n", size);
    abort();
}

void *mem_zero(size_t count, size_t size)
{
    void *new = calloc(count ? count : 1, size ? size : 1);

    if (!new)
        mem_none(count * size);
    return new;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    void *new = reallocarray(old, count ? count : 1, size ? size : 1);

    if (!new)
        mem_none(count * size);
    return new;
}

char *mem_copy(const void *bytes, size_t len)
{
    char *new = malloc(len + 1);

    if (!new)
        mem_none(len);
    if (len)
        memcpy(new, bytes, len);
    new[len] = '\0';
    return new;
}

char *mem_string(const char *text)
{
    return text ? mem_copy(text, strlen(text)) : NULL;
}

char *mem_format(const char *format, ...)
{
    char *new = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&new, format, args);
    va_end(args);
    if (len < 0)
        mem_none(0);
    return new;
}
