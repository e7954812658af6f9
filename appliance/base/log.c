/* The journal: one line a fact, with a stable code. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void (*log_to)(void *arg, const char *line);
static void *log_to_arg;

void log_sink(void (*sink)(void *arg, const char *line), void *arg)
{
    log_to = sink;
    log_to_arg = arg;
}

static void log_write(char *line, size_t room)
{
    size_t len = strlen(line);
    ssize_t written;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    if (log_to) {
        log_to(log_to_arg, line);
        return;
    }
    if (len == room - 1)
        len--;
    line[len] = '\n';
    written = write(STDERR_FILENO, line, len + 1);
    (void)written; /* a journal that takes nothing must not stop the work */
}

static size_t log_front(char *line, size_t room, enum log_level level, enum err_code code)
{
    int len = code == ERR_NONE ? snprintf(line, room, "<%d>", level) : snprintf(line, room, "<%d>RB%d ", level, code);

    return (size_t)len;
}

void log_line(enum log_level level, enum err_code code, const char *format, ...)
{
    char line[1024];
    size_t len = log_front(line, sizeof line, level, code);
    va_list args;

    va_start(args, format);
    vsnprintf(line + len, sizeof line - len, format, args);
    va_end(args);
    log_write(line, sizeof line);
}

void log_err(enum log_level level, const struct err *e, const char *format, ...)
{
    char line[1024];
    size_t len = log_front(line, sizeof line, level, e->code);
    va_list args;

    va_start(args, format);
    vsnprintf(line + len, sizeof line - len, format, args);
    va_end(args);
    len = strlen(line);
    snprintf(line + len, sizeof line - len, ": %s", e->text);
    log_write(line, sizeof line);
}
