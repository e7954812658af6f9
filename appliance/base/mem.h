/* Memory that is there, or the process ends. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * Sizes that come from outside are bounded before they get here, so running out of memory is a state of the machine
 * that no caller could answer better than by ending: every function below returns memory or aborts with a line on
 * stderr. What is returned belongs to the caller and goes back with free().
 */

/* `count` objects of `size` bytes, zeroed; an overflow of the product aborts. */
void *mem_zero(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks to `count` objects of `size` bytes; new bytes are not initialised. */
void *mem_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* `len` bytes copied, and a NUL after them. */
char *mem_copy(const void *bytes, size_t len) __attribute__((malloc, returns_nonnull));

/* A copy of a string; NULL gives NULL. */
char *mem_string(const char *text) __attribute__((malloc));

/* What printf would print. */
char *mem_format(const char *format, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

#endif
