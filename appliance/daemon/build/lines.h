/* Line numbers of errors in a Dockerfile that lines were added to. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_LINES_H
#define BUILD_LINES_H

#include "base/err.h"

/*
 * The engine counts the lines of what it was sent; the author knows those of the repository's file (decisions 26).
 * Puts the number there of "parse error line 7" and "parse error on line 7" in e->text. `added`: lines of the
 * repository's file, in order, blanks between them, behind each of which WIRE_FETCH_ADDED_LINES were added; what it
 * says comes from fetch, and is worth no more than a wrong number in a sentence.
 */
void lines_of_repository(struct err *e, const char *added);

#endif
