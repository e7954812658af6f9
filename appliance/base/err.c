/* Errors as values: a code of codes.def and a text that says what and why. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    enum err_code code;
    struct err_info info;
};

static const struct err_row err_rows[] = {
#define CODE(symbol, number, status, for_visitor, sentence, remedy)                                                    \
    {ERR_##symbol, {status, for_visitor, sentence, remedy}},
#include "codes.def"
#undef CODE
};

/* Parts of texts come from strangers, by way of git and the engine, and end on pages and terminals. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

int err_set(struct err *e, enum err_code code, const char *format, ...)
{
    va_list args;

    e->code = code;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    make_printable(e->text);
    return -1;
}

int err_set_errno(struct err *e, enum err_code code, const char *format, ...)
{
    int why = errno;
    va_list args;
    size_t len;

    e->code = code;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    make_printable(e->text);
    len = strlen(e->text);
    snprintf(e->text + len, sizeof e->text - len, ": %s", strerror(why));
    return -1;
}

int err_wrap(struct err *e, const char *format, ...)
{
    char front[sizeof e->text];
    size_t front_len, cause_len = strlen(e->text);
    va_list args;

    va_start(args, format);
    vsnprintf(front, sizeof front, format, args);
    va_end(args);
    if (cause_len + 2 >= sizeof e->text)
        return -1;
    front_len = strlen(front);
    if (front_len + 2 + cause_len >= sizeof e->text)
        front_len = sizeof e->text - 1 - 2 - cause_len;
    memmove(e->text + front_len + 2, e->text, cause_len + 1);
    memcpy(e->text, front, front_len);
    memcpy(e->text + front_len, ": ", 2);
    return -1;
}

const struct err_info *err_info(enum err_code code)
{
    for (size_t i = 0; i < sizeof err_rows / sizeof err_rows[0]; i++)
        if (err_rows[i].code == code)
            return &err_rows[i].info;
    return err_info(ERR_INTERNAL);
}

const char *err_public_text(const struct err *e)
{
    const struct err_info *info = err_info(e->code);

    return info->for_visitor && e->text[0] ? e->text : info->sentence;
}
