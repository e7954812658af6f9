/* 128-bit ids of rows and their text. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/id.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"

static void random_bytes(void *to, size_t len)
{
    /* Up to 256 bytes are never cut short (getrandom(2)); it can only fail before the pool is ready, and then waits. */
    if (getrandom(to, len, 0) != (ssize_t)len)
        abort();
}

struct id id_new(void)
{
    struct id id;

    random_bytes(id.bytes, sizeof id.bytes);
    return id;
}

bool id_is_none(const struct id *id)
{
    static const struct id none;

    return id_equal(id, &none);
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *id_text(char text[ID_TEXT], const struct id *id)
{
    str_hex(text, id->bytes, sizeof id->bytes);
    return text;
}

bool id_parse(struct id *out, const char *text)
{
    return str_unhex(out->bytes, sizeof out->bytes, slice_of(text));
}

void id_random_text(char *out, size_t len, const char *alphabet)
{
    size_t letters = strlen(alphabet);
    unsigned fair = 256 - 256 % (unsigned)letters; /* above it, some letters would be drawn more often */

    for (size_t i = 0; i < len;) {
        uint8_t byte;

        random_bytes(&byte, 1);
        if (byte < fair)
            out[i++] = alphabet[byte % letters];
    }
    out[len] = '\0';
}
