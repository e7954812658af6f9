/* A byte buffer that grows up to a stated bound. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_free(struct buf *b)
{
    free(b->bytes);
    *b = BUF_OF(b->limit);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->full = false;
    if (b->bytes)
        b->bytes[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
    size_t room = b->room ? b->room : 64;

    if (b->full || len > b->limit - b->len) {
        b->full = true;
        return NULL;
    }
    while (room < b->len + len + 1)
        room *= 2;
    if (room > b->limit + 1)
        room = b->limit + 1;
    if (room > b->room) {
        b->bytes = mem_resize(b->bytes, room, 1);
        b->room = room;
    }
    return b->bytes + b->len;
}

void buf_added(struct buf *b, size_t len)
{
    b->len += len;
    b->bytes[b->len] = '\0';
}

bool buf_add(struct buf *b, const void *bytes, size_t len)
{
    char *to = buf_reserve(b, len);

    if (!to)
        return false;
    if (len)
        memcpy(to, bytes, len);
    buf_added(b, len);
    return true;
}

bool buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

bool buf_add_format(struct buf *b, const char *format, ...)
{
    va_list args;
    char *to;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    to = len < 0 ? NULL : buf_reserve(b, (size_t)len);
    if (!to)
        return false;
    va_start(args, format);
    vsnprintf(to, (size_t)len + 1, format, args);
    va_end(args);
    buf_added(b, (size_t)len);
    return true;
}

void buf_drop(struct buf *b, size_t len)
{
    if (!len)
        return;
    memmove(b->bytes, b->bytes + len, b->len - len);
    b->len -= len;
    b->bytes[b->len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->bytes ? b->bytes : "";
}

char *buf_steal(struct buf *b)
{
    char *bytes = b->bytes ? b->bytes : mem_copy("", 0);

    *b = BUF_OF(b->limit);
    return bytes;
}
