/* A client's WebSocket frames: data is input, pings and pongs are not, however the bytes arrive. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/wsframe.h"

#include <string.h>

#include "tap.h"

/* How many pieces of `piece` bytes had the beginning of a data frame in them. */
static int spoken(const char *bytes, size_t len, size_t piece)
{
    struct http_wsframe f = {0};
    int n = 0;

    for (size_t at = 0; at < len; at += piece)
        n += http_wsframe_take(&f, bytes + at, len - at < piece ? len - at : piece);
    return n;
}

static void frames(const char *bytes, size_t len, int data_frames, const char *sentence)
{
    bool same = spoken(bytes, len, 1) == data_frames;

    for (size_t piece = 1; piece <= len; piece++)
        same = same && (spoken(bytes, len, piece) > 0) == (data_frames > 0);
    if (!ok(same, "%s", sentence))
        printf("# byte by byte: %d, not %d\n", spoken(bytes, len, 1), data_frames);
}

#define FRAMES(bytes, data_frames, sentence) frames(bytes, sizeof bytes - 1, data_frames, sentence)
#define MASK "mask"

int main(void)
{
    char large[4 + 4 + 300 + 6] = "\x82\xfe\x01\x2c" MASK;
    char huge[10 + 4 + 70000 + 6] = "\x82\xff\0\0\0\0\0\1\x11\x70" MASK;

    FRAMES("\x81\x83" MASK "abc", 1, "a text frame is input");
    FRAMES("\x82\x83" MASK "abc", 1, "a binary frame is");
    FRAMES("\x80\x80" MASK, 1, "a continuation is, also an empty one");
    FRAMES("\x8a\x83" MASK "abc", 0, "a pong is not");
    FRAMES("\x89\x80" MASK, 0, "a ping is not");
    FRAMES("\x88\x82" MASK "ab", 0, "a close is not");
    FRAMES("\x8a\x82" MASK "\x81\x81\x8a\x80" MASK, 0, "a payload that looks like a frame is a payload");
    FRAMES("\x89\x80" MASK "\x81\x81" MASK "a\x8a\x80" MASK "\x82\x80" MASK, 2, "frames are counted one by one");
    FRAMES("\x81\x03"
           "abc\x8a\x00",
           1, "frames without a mask are passed over just as well");
    memcpy(large + 308, "\x8a\x80" MASK, 6);
    frames(large, sizeof large, 1, "a length of two bytes is read");
    memcpy(huge + 70014, "\x8a\x80" MASK, 6);
    is_number(spoken(huge, sizeof huge, 1), 1, "a length of eight bytes is");
    is_number(spoken(huge, sizeof huge, 4096), 1, "and its frame is input once, when it begins");
    FRAMES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK "\x81\x81", 1, "a length that no number holds has no end");
    return tap_end();
}
