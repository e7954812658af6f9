/* Whether a client says something on a WebSocket: the headers of its frames, as they pass. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_WSFRAME_H
#define HTTP_WSFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in the frames of one direction the last bytes ended; zero at the beginning. Pure; bytes are not changed. */
struct http_wsframe {
    uint64_t left; /* bytes of mask and payload that are passed over, or the length as far as it is read */
    uint8_t state; /* enum frame_state of wsframe.c */
    uint8_t more;  /* bytes of the length that are still to come */
    bool masked;
};

/*
 * Takes the next bytes. True when a data frame began in them (continuation, text or binary: RFC 6455, section 5.2), so
 * that pings and pongs, which nobody types, do not count (decisions 5). Only opcode and length are read: what is no
 * WebSocket frame is passed over like one.
 */
bool http_wsframe_take(struct http_wsframe *f, const char *bytes, size_t len);

#endif
