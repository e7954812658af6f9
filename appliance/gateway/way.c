/* One direction of a relay: a message's body, or a tunnel's bytes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "gateway/way.h"

#define ROUNDS_A_TURN 8 /* buffers that one direction moves before others have their turn */

/* Looks at what was read and not yet looked at. */
static int scan(struct way *w, const struct stream *from, struct err *e)
{
    struct slice got = stream_got(from);
    ssize_t taken;

    if (got.len <= w->ready)
        return 0;
    taken = http_framing_take(&w->framing, got.at + w->ready, got.len - w->ready, e);
    if (taken < 0)
        return -1;
    if (w->frames)
        w->spoke |= http_wsframe_take(w->frames, got.at + w->ready, (size_t)taken);
    w->ready += (uint32_t)taken;
    return 0;
}

/* False: `to` failed. */
static bool flush(struct way *w, struct stream *from, struct stream *to)
{
    ssize_t taken = stream_write(to, stream_got(from).at, w->ready);

    if (taken < 0)
        return false;
    if (taken) {
        stream_used(from, (size_t)taken);
        w->ready -= (uint32_t)taken;
        w->total += (uint64_t)taken;
        w->moved = true;
    }
    return true;
}

enum way_result way_pump(struct way *w, struct stream *from, struct stream *to, struct err *e)
{
    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        enum stream_read read;

        if (scan(w, from, e) < 0)
            return WAY_MALFORMED;
        if (!flush(w, from, to))
            return WAY_NO_SINK;
        if (w->ready || stream_pending(to))
            return WAY_WAITS;
        if (w->framing.done)
            return WAY_DONE;
        read = stream_read(from);
        if (read == STREAM_NOTHING)
            return WAY_WAITS;
        if (read == STREAM_ENDED)
            return WAY_ENDED;
        if (read == STREAM_FAILED)
            return WAY_NO_SOURCE;
    }
    return WAY_AGAIN;
}
