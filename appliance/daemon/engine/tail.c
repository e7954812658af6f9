/* The last lines that a container printed, out of the engine's frames. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/tail.h"

#include <stdint.h>
#include <string.h>

/* A frame: which of its outputs, three zeros, how many bytes (big endian), the bytes (API: ContainerAttach). */
#define FRAME_HEAD 8

static size_t frame_len(const char *head)
{
    const uint8_t *size = (const uint8_t *)head + 4;

    return (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
}

/* Puts bytes behind what is there and lets the oldest go. */
static void append(char out[TAIL_MAX], size_t *have, const char *bytes, size_t len)
{
    const size_t room = TAIL_MAX - 1;
    size_t over;

    if (len > room) {
        bytes += len - room;
        len = room;
    }
    over = *have + len > room ? *have + len - room : 0;
    memmove(out, out + over, *have - over);
    *have -= over;
    memcpy(out + *have, bytes, len);
    *have += len;
}

void tail_read(char out[TAIL_MAX], const char *frames, size_t len)
{
    size_t at = 0, have = 0;

    while (len - at > FRAME_HEAD) {
        size_t size = frame_len(frames + at), left = len - at - FRAME_HEAD;

        append(out, &have, frames + at + FRAME_HEAD, size < left ? size : left);
        if (size >= left)
            break;
        at += FRAME_HEAD + size;
    }
    for (size_t i = 0; i < have; i++)
        if (!out[i])
            out[i] = ' ';
    out[have] = '\0';
}
