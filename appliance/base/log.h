/* The journal: one line a fact, with a stable code. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

/* syslog's numbers; journald reads them from the "<N>" in front of a line. */
enum log_level { LOG_ERR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/*
 * A line is "<6>RB1203 text FIELD=value FIELD=value" (decisions 7), at most 1 KiB; control characters of the text are
 * shown as '?'. It goes to the sink, or to stderr where none is set. No token, key or visitor's address is ever logged.
 */
void log_line(enum log_level level, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An error where it stops from going further: its code and text behind what was being done. */
void log_err(enum log_level level, const struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Gets each line without its newline, instead of stderr; NULL: stderr again. */
void log_sink(void (*sink)(void *arg, const char *line), void *arg);

#endif
