/* The frames between ringbinderd and ringbinder-fetch: one table of fields, written and read by it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/fetch.h"

/* How a field lies in a payload; numbers are big endian. */
enum shape {
    NUMBER,   /* 4 bytes */
    NUMBER64, /* 8 bytes */
    TEXT,     /* 4 bytes of length, then no NUL and no newline */
    REST,     /* any bytes, to the payload's end */
    FLAG,     /* 1 byte, 0 or 1 */
    CODE_OF,  /* 4 bytes, of codes.def */
};

struct field {
    enum wire_fetch_kind kind;
    enum shape shape;
    size_t offset;
};

#define FIELD(kind, shape, member)                                                                                     \
    {                                                                                                                  \
        WIRE_FETCH_##kind, shape, offsetof(struct wire_fetch_message, member)                                          \
    }

/* In the order of their bytes. */
static const struct field fields[] = {
    FIELD(RESOLVE, NUMBER, version),  FIELD(RESOLVE, TEXT, provider),   FIELD(RESOLVE, TEXT, spec),
    FIELD(RESOLVE, TEXT, token),      FIELD(RESOLVE, TEXT, site),       FIELD(RESOLVE, TEXT, api),
    FIELD(RESOLVE, TEXT, etag),       FIELD(RESOLVE, TEXT, known),      FIELD(OPEN, NUMBER, version),
    FIELD(OPEN, TEXT, url),           FIELD(OPEN, TEXT, commit),        FIELD(OPEN, TEXT, ref),
    FIELD(OPEN, TEXT, ca_bundle),     FIELD(OPEN, TEXT, bases),         FIELD(OPEN, TEXT, hidden),
    FIELD(OPEN, NUMBER, can),         FIELD(OPEN, NUMBER64, size_max),  FIELD(CONTEXT, NUMBER, context),
    FIELD(REF, TEXT, resolved),       FIELD(REF, FLAG, asked),          FIELD(REF, TEXT, etag),
    FIELD(PLAN, NUMBER, lane),        FIELD(PLAN, FLAG, online),        FIELD(PLAN, NUMBER, images),
    FIELD(PLAN, TEXT, dockerfile[0]), FIELD(PLAN, TEXT, dockerfile[1]), FIELD(PLAN, TEXT, why),
    FIELD(PLAN, TEXT, added),         FIELD(BYTES, REST, bytes),        FIELD(LINE, TEXT, text),
    FIELD(END, CODE_OF, code),        FIELD(END, TEXT, text),
};
#define FIELDS (sizeof fields / sizeof fields[0])

static bool kind_is_known(uint8_t kind)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].kind == kind)
            return true;
    return false;
}

static bool add_number(struct buf *out, uint64_t value, size_t width)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
    return buf_add(out, bytes, width);
}

static bool add_field(struct buf *out, const struct field *f, const struct wire_fetch_message *m)
{
    const void *at = (const char *)m + f->offset;
    const struct slice *text = at;

    switch (f->shape) {
    case NUMBER:
        return add_number(out, *(const uint32_t *)at, 4);
    case NUMBER64:
        return add_number(out, *(const uint64_t *)at, 8);
    case FLAG:
        return add_number(out, *(const bool *)at, 1);
    case CODE_OF:
        return add_number(out, *(const enum err_code *)at, 4);
    case TEXT:
        return add_number(out, text->len, 4) && buf_add(out, text->at, text->len);
    case REST:
        return buf_add(out, text->at, text->len);
    }
    return false;
}

bool wire_fetch_encode(struct buf *out, const struct wire_fetch_message *m)
{
    size_t start = out->len, payload;
    bool fits = add_number(out, 0, 4) && add_number(out, m->kind, 1);

    for (size_t i = 0; fits && i < FIELDS; i++)
        if (fields[i].kind == m->kind)
            fits = add_field(out, &fields[i], m);
    payload = out->len - start - WIRE_FETCH_HEAD;
    if (!fits || payload > WIRE_FETCH_PAYLOAD_MAX) {
        if (out->bytes && out->len > start)
            out->bytes[out->len = start] = '\0';
        return false;
    }
    for (size_t i = 0; i < 4; i++)
        out->bytes[start + i] = (char)(payload >> (24 - 8 * i));
    return true;
}

/* Takes `width` bytes off the front; false when they are not there. */
static bool take_number(uint64_t *out, struct slice *rest, size_t width)
{
    *out = 0;
    if (rest->len < width)
        return false;
    for (size_t i = 0; i < width; i++)
        *out = *out << 8 | (uint8_t)rest->at[i];
    rest->at += width;
    rest->len -= width;
    return true;
}

static bool take_text(struct slice *out, struct slice *rest)
{
    uint64_t len;

    if (!take_number(&len, rest, 4) || len > rest->len)
        return false;
    *out = (struct slice){rest->at, (size_t)len};
    rest->at += len;
    rest->len -= (size_t)len;
    return !len || (!memchr(out->at, '\0', out->len) && !memchr(out->at, '\n', out->len));
}

/* A number that is no code of ours is one of a fetch that has gone wrong: ERR_INTERNAL. */
static enum err_code code_of(uint64_t number)
{
    if (number == ERR_NONE)
        return ERR_NONE;
    return err_info((enum err_code)number) == err_info(ERR_INTERNAL) ? ERR_INTERNAL : (enum err_code)number;
}

static bool take_field(struct wire_fetch_message *m, const struct field *f, struct slice *rest)
{
    void *at = (char *)m + f->offset;
    uint64_t number = 0;

    switch (f->shape) {
    case NUMBER:
        if (!take_number(&number, rest, 4))
            return false;
        *(uint32_t *)at = (uint32_t)number;
        return true;
    case NUMBER64:
        return take_number(at, rest, 8);
    case FLAG:
        if (!take_number(&number, rest, 1) || number > 1)
            return false;
        *(bool *)at = number == 1;
        return true;
    case CODE_OF:
        if (!take_number(&number, rest, 4))
            return false;
        *(enum err_code *)at = code_of(number);
        return true;
    case TEXT:
        return take_text(at, rest);
    case REST:
        *(struct slice *)at = *rest;
        *rest = (struct slice){rest->at + rest->len, 0};
        return true;
    }
    return false;
}

/* The fields of out->kind from exactly `rest`. */
static int take_fields(struct wire_fetch_message *out, struct slice rest, struct err *e)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].kind != out->kind)
            continue;
        if (!take_field(out, &fields[i], &rest))
            return err_set(e, ERR_WIRE_MALFORMED, "a frame of kind %d whose fields do not fit", out->kind);
        if (out->version && out->version != WIRE_FETCH_VERSION)
            return 0; /* what follows is that version's */
    }
    if (rest.len)
        return err_set(e, ERR_WIRE_MALFORMED, "a frame of kind %d with bytes behind its fields", out->kind);
    if (out->kind == WIRE_FETCH_PLAN && (out->images < 1 || out->images > WIRE_FETCH_IMAGES_MAX))
        return err_set(e, ERR_WIRE_MALFORMED, "a plan of %u images", out->images);
    return 0;
}

ssize_t wire_fetch_decode(struct wire_fetch_message *out, const char *bytes, size_t len, struct err *e)
{
    struct slice rest = {bytes, len};
    uint64_t payload;

    *out = (struct wire_fetch_message){0};
    if (!take_number(&payload, &rest, 4))
        return 0;
    if (payload > WIRE_FETCH_PAYLOAD_MAX)
        return err_set(e, ERR_WIRE_MALFORMED, "a frame of %llu bytes, at most %d", (unsigned long long)payload,
                       WIRE_FETCH_PAYLOAD_MAX);
    if (!rest.len)
        return 0;
    if (!kind_is_known((uint8_t)*rest.at))
        return err_set(e, ERR_WIRE_MALFORMED, "a frame of kind %u", (uint8_t)*rest.at);
    out->kind = (enum wire_fetch_kind)(uint8_t)*rest.at;
    if (len - WIRE_FETCH_HEAD < payload)
        return 0;
    rest = (struct slice){bytes + WIRE_FETCH_HEAD, (size_t)payload};
    if (take_fields(out, rest, e) < 0)
        return -1;
    return (ssize_t)(WIRE_FETCH_HEAD + payload);
}
