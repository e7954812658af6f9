/* What went wrong with a server, as an error that its visitor or its repository's author can do something about. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_FAULT_H
#define SESSION_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/container.h"

/*
 * Pure. What lies in the image has a code of status 422: trying again cannot help (contract 2.11, launch/steps.c).
 * Sentences about a start have what the server printed last behind them, as much as fits.
 */
struct fault_end {
    int exit_code;        /* -1: not known */
    bool out_of_memory;   /* something in the container was killed for want of memory */
    int64_t memory_bytes; /* that it may have */
    const char *words;    /* one line; "": none */
};
/* It ended while it was starting: ERR_SESSION_START_MEMORY, _UNREADABLE, _NO_JUPYTER, _DIED. */
void fault_of_start(struct err *why, const struct fault_end *end);
/* It ended while it ran: ERR_SESSION_MEMORY, _EXITED. */
void fault_of_run(struct err *why, const struct fault_end *end);

struct fault_silence {
    int limit_s;
    int status; /* of its last answer, which was not Jupyter's; 0: there was none */
    const struct engine_port *ports;
    int ports_count;   /* -1: not known */
    const char *words; /* as above */
};
/* It did not answer in time: ERR_SESSION_OTHER_SERVER, _PORT, _SILENT. */
void fault_of_silence(struct err *why, const struct fault_silence *silence);

/* The engine would not start the container: where that is the image's fault, *e becomes ERR_SESSION_NO_JUPYTER or
 * _UNREADABLE. */
void fault_of_engine(struct err *e);

#endif
