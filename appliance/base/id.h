/* 128-bit ids of rows and their text. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TEXT 33 /* 32 hex digits and a NUL */

/* All zero is "none". */
struct id {
    uint8_t bytes[16];
};

/* From the kernel's random numbers; unguessable. */
struct id id_new(void);
bool id_is_none(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
/* Lower case hex; returns `text`. */
const char *id_text(char text[ID_TEXT], const struct id *id);
/* False unless `text` is exactly 32 hex digits. */
bool id_parse(struct id *out, const char *text);

/* `len` characters drawn evenly from `alphabet`, and a NUL. */
void id_random_text(char *out, size_t len, const char *alphabet);

#endif
