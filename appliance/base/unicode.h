/* Reading UTF-8 that may be anything. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define UNICODE_REPLACEMENT 0xfffd

/*
 * Reads one character from `len` > 0 bytes into *out and returns how many bytes it took (1 to 4). Overlong forms,
 * surrogates and what is cut off give U+FFFD and take one byte (RFC 3629, section 3).
 */
size_t unicode_next(uint32_t *out, const char *bytes, size_t len);

/* Copies what a program wrote for use in a sentence: at most `room` - 1 bytes of valid UTF-8 and a NUL, without control
 * characters, terminal sequences and blanks at the ends. */
void unicode_sentence(char *out, size_t room, struct slice text);

#endif
