/* The frames between ringbinderd and ringbinder-fetch: there and back, cut off anywhere, and hostile. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "tap.h"
#include "wire/fetch.h"

#define ROOM (WIRE_FETCH_HEAD + WIRE_FETCH_PAYLOAD_MAX)

static const struct wire_fetch_message messages[] = {
    {.kind = WIRE_FETCH_RESOLVE,
     .version = WIRE_FETCH_VERSION,
     .provider = {"git", 3},
     .spec = {"https%3A%2F%2Fgit.example%2Fr/main", 34}},
    {.kind = WIRE_FETCH_RESOLVE,
     .version = WIRE_FETCH_VERSION,
     .provider = {"gh", 2},
     .spec = {"u/r/abc1234", 11},
     .token = {"t", 1},
     .site = {"https://github.com", 18},
     .api = {"https://api.github.com", 22},
     .etag = {"W/\"1\"", 5},
     .known = {"0123456789012345678901234567890123456789", 40}},
    {.kind = WIRE_FETCH_OPEN,
     .version = WIRE_FETCH_VERSION,
     .url = {"https://git.example/r", 21},
     .commit = {"0123456789012345678901234567890123456789", 40},
     .ref = {"main", 4},
     .ca_bundle = {"/etc/ssl/certs/ca-certificates.crt", 34},
     .bases = {"ringbinder/debian:1", 19},
     .hidden = {"ringbinder/i-", 13},
     .can = WIRE_FETCH_CAN_DOCKERFILE | WIRE_FETCH_CAN_HEREDOC,
     .size_max = UINT64_C(1) << 40},
    {.kind = WIRE_FETCH_CONTEXT, .context = 1},
    {.kind = WIRE_FETCH_REF},
    {.kind = WIRE_FETCH_REF,
     .resolved = {"0123456789012345678901234567890123456789", 40},
     .asked = true,
     .etag = {"W/\"1\"", 5}},
    {.kind = WIRE_FETCH_PLAN,
     .lane = 1,
     .online = true,
     .images = 2,
     .dockerfile = {{"environment", 11}, {"content", 7}},
     .why = {"requirements.txt", 16},
     .added = {"1 7", 3}},
    {.kind = WIRE_FETCH_BYTES},
    {.kind = WIRE_FETCH_BYTES, .bytes = {"\0\n\377", 3}},
    {.kind = WIRE_FETCH_LINE, .text = {"Fetching", 8}},
    {.kind = WIRE_FETCH_END},
    {.kind = WIRE_FETCH_END, .code = ERR_TOO_LARGE, .text = {"too large", 9}},
};
#define MESSAGES (sizeof messages / sizeof messages[0])

static bool same_text(struct slice a, struct slice b)
{
    return a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

static bool same(const struct wire_fetch_message *a, const struct wire_fetch_message *b)
{
    return a->kind == b->kind && a->version == b->version && same_text(a->provider, b->provider) &&
           same_text(a->spec, b->spec) && same_text(a->token, b->token) && same_text(a->site, b->site) &&
           same_text(a->api, b->api) && same_text(a->etag, b->etag) && same_text(a->known, b->known) &&
           a->asked == b->asked && same_text(a->url, b->url) && same_text(a->commit, b->commit) &&
           same_text(a->ref, b->ref) && same_text(a->ca_bundle, b->ca_bundle) && same_text(a->bases, b->bases) &&
           same_text(a->hidden, b->hidden) && same_text(a->added, b->added) && a->can == b->can &&
           a->size_max == b->size_max && a->context == b->context && same_text(a->resolved, b->resolved) &&
           a->lane == b->lane && a->online == b->online && a->images == b->images &&
           same_text(a->dockerfile[0], b->dockerfile[0]) && same_text(a->dockerfile[1], b->dockerfile[1]) &&
           same_text(a->why, b->why) && same_text(a->text, b->text) && same_text(a->bytes, b->bytes) &&
           a->code == b->code;
}

static void there_and_back(void)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        cleanup_buf struct buf frame = BUF_OF(ROOM);
        struct wire_fetch_message got;
        struct err e;

        ok(wire_fetch_encode(&frame, &messages[i]), "message %zu of kind %d is written", i, messages[i].kind);
        is_number(wire_fetch_decode(&got, frame.bytes, frame.len, &e), (long long)frame.len, "and read whole");
        ok(same(&got, &messages[i]), "with the same fields");
    }
}

/* An exact copy for each length, so that a sanitizer sees a read past the end. */
static void cut_off_anywhere(void)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        cleanup_buf struct buf frame = BUF_OF(ROOM);
        size_t waits = 0;

        wire_fetch_encode(&frame, &messages[i]);
        for (size_t len = 0; len < frame.len; len++) {
            cleanup_free char *part = mem_zero(len, 1);
            struct wire_fetch_message got;
            struct err e;

            memcpy(part, frame.bytes, len);
            waits += wire_fetch_decode(&got, part, len, &e) == 0;
        }
        is_number((long long)waits, (long long)frame.len, "a frame that is not all there is waited for");
    }
}

/* The payload claims to be shorter than its fields, by each length. */
static void shortened_payloads(void)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        cleanup_buf struct buf frame = BUF_OF(ROOM);
        size_t refused = 0;

        wire_fetch_encode(&frame, &messages[i]);
        if (messages[i].kind == WIRE_FETCH_BYTES)
            continue;
        for (size_t payload = 0; payload < frame.len - WIRE_FETCH_HEAD; payload++) {
            cleanup_free char *part = mem_copy(frame.bytes, WIRE_FETCH_HEAD + payload);
            struct wire_fetch_message got;
            struct err e;

            part[2] = (char)(payload >> 8);
            part[3] = (char)payload;
            refused += wire_fetch_decode(&got, part, WIRE_FETCH_HEAD + payload, &e) < 0 && e.code == ERR_WIRE_MALFORMED;
        }
        is_number((long long)refused, (long long)(frame.len - WIRE_FETCH_HEAD),
                  "a payload that is too short is refused");
    }
}

static void refused(const char *bytes, size_t len, const char *sentence)
{
    struct wire_fetch_message got;
    struct err e = {0};

    ok(wire_fetch_decode(&got, bytes, len, &e) < 0 && e.code == ERR_WIRE_MALFORMED, "%s: %s", sentence, e.text);
}

static void hostile_frames(void)
{
    refused("\0\1\0\1", 4, "a payload over 64 KiB is refused before it comes");
    refused("\377\377\377\377\22", 5, "so is one of 4 GiB");
    refused("\0\0\0\0\0", 5, "kind 0 is refused");
    refused("\0\0\0\0\4", 5, "a kind between the two sides' is refused");
    refused("\0\0\0\0\25", 5, "a kind past the last is refused");
    refused("\0\0\0\5\3\0\0\0\1x", 10, "bytes behind the fields are refused");
    refused("\0\0\0\6\23\0\0\0\2a\n", 11, "a newline in a text is refused");
    refused("\0\0\0\6\23\0\0\0\2a\0", 11, "a NUL in a text is refused");
    refused("\0\0\0\6\23\377\377\377\377ab", 11, "a text longer than its payload is refused");
    refused("\0\0\0\25\21\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 26, "a plan without an image is refused");
    refused("\0\0\0\25\21\0\0\0\1\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0", 26, "a plan of three images is refused");
    refused("\0\0\0\25\21\0\0\0\1\2\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 26, "a flag that is neither is refused");
}

static void other_versions(void)
{
    static const char later[] = "\0\0\0\7\2\0\0\0\11xyz";
    static const char unknown[] = "\0\0\0\10\24\0\0\4\323\0\0\0\0";
    struct wire_fetch_message got;
    struct err e;

    is_number(wire_fetch_decode(&got, later, sizeof later - 1, &e), sizeof later - 1,
              "a frame of another version is read");
    is_number(got.version, 9, "as far as its version");
    is_number(wire_fetch_decode(&got, unknown, sizeof unknown - 1, &e), sizeof unknown - 1,
              "an END with a number that is no code is read");
    is_number(got.code, ERR_INTERNAL, "as ERR_INTERNAL");
}

static void limits(void)
{
    cleanup_free char *bytes = mem_zero(WIRE_FETCH_PAYLOAD_MAX + 1, 1);
    cleanup_buf struct buf frame = BUF_OF(4 * ROOM), small = BUF_OF(8);
    struct wire_fetch_message m = {.kind = WIRE_FETCH_BYTES, .bytes = {bytes, WIRE_FETCH_PAYLOAD_MAX + 1}}, got;
    struct err e;

    ok(!wire_fetch_encode(&frame, &m), "a byte more than 64 KiB is not written");
    is_number((long long)frame.len, 0, "and leaves nothing behind");
    m.bytes.len = WIRE_FETCH_PAYLOAD_MAX;
    ok(wire_fetch_encode(&frame, &m), "64 KiB are");
    is_number(wire_fetch_decode(&got, frame.bytes, frame.len, &e), ROOM, "and read");
    ok(!wire_fetch_encode(&small, &m), "a buffer without room says so");
    wire_fetch_encode(&frame, &(struct wire_fetch_message){.kind = WIRE_FETCH_CONTEXT});
    is_number(wire_fetch_decode(&got, frame.bytes, frame.len, &e), ROOM, "of two frames the first is read");
}

int main(void)
{
    there_and_back();
    cut_off_anywhere();
    shortened_payloads();
    hostile_frames();
    other_versions();
    limits();
    return tap_end();
}
