/* Whether a client says something on a WebSocket: the headers of its frames, as they pass. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/wsframe.h"

#define OPCODE 0x0f
#define OPCODE_CONTROL 0x08 /* this bit: close, ping, pong */
#define MASKED 0x80
#define MASK_BYTES 4
#define LENGTH_16 126 /* two bytes of length follow */
#define LENGTH_64 127 /* eight do */

enum frame_state { FRAME_OPCODE, FRAME_LENGTH, FRAME_LONG_LENGTH, FRAME_PAYLOAD };

static void begin_payload(struct http_wsframe *f)
{
    if (f->masked && f->left <= UINT64_MAX - MASK_BYTES)
        f->left += MASK_BYTES;
    f->state = f->left ? FRAME_PAYLOAD : FRAME_OPCODE;
}

static void take_length(struct http_wsframe *f, uint8_t c)
{
    uint8_t length = c & (uint8_t)~MASKED;

    f->masked = c & MASKED;
    f->left = 0;
    if (length >= LENGTH_16) {
        f->more = length == LENGTH_16 ? 2 : 8;
        f->state = FRAME_LONG_LENGTH;
        return;
    }
    f->left = length;
    begin_payload(f);
}

bool http_wsframe_take(struct http_wsframe *f, const char *bytes, size_t len)
{
    const char *end = bytes + len;
    bool data = false;

    while (bytes < end) {
        uint8_t c = (uint8_t)*bytes;

        switch ((enum frame_state)f->state) {
        case FRAME_OPCODE:
            data |= !(c & OPCODE_CONTROL);
            f->state = FRAME_LENGTH;
            bytes++;
            break;
        case FRAME_LENGTH:
            take_length(f, c);
            bytes++;
            break;
        case FRAME_LONG_LENGTH:
            f->left = f->left << 8 | c;
            bytes++;
            if (!--f->more)
                begin_payload(f);
            break;
        case FRAME_PAYLOAD: {
            uint64_t part = (uint64_t)(end - bytes) < f->left ? (uint64_t)(end - bytes) : f->left;

            f->left -= part;
            bytes += part;
            if (!f->left)
                f->state = FRAME_OPCODE;
            break;
        }
        }
    }
    return data;
}
