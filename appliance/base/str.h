/* Strings: comparing, slicing, numbers with limits. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that somebody else owns; not NUL-terminated. */
struct slice {
    const char *at;
    size_t len;
};

static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

bool slice_is(struct slice s, const char *text);
/* ASCII letters in either case are the same. */
bool slice_is_nocase(struct slice s, const char *text);
static inline bool slice_starts(struct slice s, const char *with)
{
    size_t len = strlen(with);

    return s.len >= len && memcmp(s.at, with, len) == 0;
}

/* What is behind its first `skip` bytes, of which there are at least as many. */
static inline struct slice slice_from(struct slice s, size_t skip)
{
    return (struct slice){s.at + skip, s.len - skip};
}

/* Without spaces and tabs at both ends. */
struct slice slice_trim(struct slice s);
/* Cuts off and returns what stands before the first `separator`, or everything; *rest is what stands behind it. */
struct slice slice_cut(struct slice *rest, char separator);

static inline bool str_is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static inline bool str_starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool str_ends(const char *text, const char *with);

/* Copies what fits, always with a NUL; false when something was cut. */
bool str_copy(char *to, size_t room, const char *text);

/* A decimal number of digits alone, at most `max`; false for everything else, *out untouched. */
bool str_number(uint64_t *out, struct slice digits, uint64_t max);

/* "0f" -> 15; false unless `hex` is exactly 2 * len digits of either case. */
bool str_unhex(uint8_t *out, size_t len, struct slice hex);
/* Lower case, 2 * len digits and a NUL. */
void str_hex(char *out, const uint8_t *bytes, size_t len);

#endif
