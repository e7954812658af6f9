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

struct tail {
    char *bytes;
    size_t have, room; /* of bytes, without a NUL */
};

/* Puts bytes behind what is there and lets the oldest go. */
static void append(struct tail *t, const char *bytes, size_t len)
{
    size_t over;

    if (len > t->room) {
        bytes += len - t->room;
        len = t->room;
    }
    over = t->have + len > t->room ? t->have + len - t->room : 0;
    memmove(t->bytes, t->bytes + over, t->have - over);
    t->have -= over;
    memcpy(t->bytes + t->have, bytes, len);
    t->have += len;
}

size_t tail_read(char *out, size_t room, struct slice frames)
{
    struct tail t = {out, 0, room - 1};

    while (frames.len > FRAME_HEAD) {
        struct slice rest = slice_from(frames, FRAME_HEAD);
        size_t size = frame_len(frames.at);

        append(&t, rest.at, size < rest.len ? size : rest.len);
        if (size >= rest.len)
            break;
        frames = slice_from(rest, size);
    }
    for (size_t i = 0; i < t.have; i++)
        if (!out[i])
            out[i] = ' ';
    out[t.have] = '\0';
    return t.have;
}
