/* Errors as values: a code of codes.def and a text that says what and why. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/*
 * Errors are values: nothing to free, safe to copy.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *e`, never NULL, last. It sets *e exactly when it
 * returns -1. Whoever stops an error from going further logs it or shows it, once. Out of memory ends the process
 * (base/mem.h) and is no error.
 */
enum err_code {
    ERR_NONE = 0,
#define CODE(symbol, number, status, for_visitor, sentence, remedy) ERR_##symbol = number,
#include "codes.def"
#undef CODE
};

struct err {
    enum err_code code;
    char text[256]; /* outermost first: "starting rb-1-9f: create: no such image"; no newline */
};

struct err_info {
    int http_status;  /* of the page or answer that ends with this code */
    bool for_visitor; /* false: a visitor reads `sentence`, never err.text */
    const char *sentence, *remedy;
};

#define ERR_CHECKED __attribute__((warn_unused_result))

/* Sets *e, cutting a text that is too long; control characters become blanks. Returns -1: `return err_set(e, ERR_X,
 * ...);`. */
int err_set(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, with ": " and what errno says after the text. */
int err_set_errno(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts the text and ": " before what *e says and keeps its code; cuts in front, so that the cause survives. -1. */
int err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The row of codes.def; static, never NULL: what is no code gives the row of ERR_INTERNAL. */
const struct err_info *err_info(enum err_code code);

/* What a visitor may read: the text where the code is for visitors, else the code's sentence. Borrows from *e. */
const char *err_public_text(const struct err *e);

#endif
