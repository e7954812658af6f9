/* Feeds bytes to the readers of heads and bodies the way the gateway does, and holds what they take to what they say.
 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/cookie.h"
#include "http/field.h"
#include "http/framing.h"
#include "http/wsframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BODY_MAX 1000

static void hold(bool holds)
{
    if (!holds)
        abort();
}

/* What was taken has no byte that the next reader could stumble over. */
static void hold_fields(const struct http_head *h, const char *bytes, size_t len)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        struct slice name = h->fields[i].name, value = h->fields[i].value;

        hold(name.len && name.at >= bytes && value.at + value.len <= bytes + len);
        hold(name.at[name.len] == ':' && name.at[-1] == '\n');
        hold(!memchr(value.at, '\r', value.len) && !memchr(value.at, '\n', value.len) &&
             !memchr(value.at, 0, value.len));
        http_field_is_hop(h, &h->fields[i]);
    }
    hold(!h->chunked || h->length == HTTP_NO_LENGTH);
    hold(h->lines.at + h->lines.len + 2 == bytes + len);
}

/* The same end whether the bytes come at once or one by one. */
static void hold_body(const struct http_framing *start, const char *bytes, size_t len)
{
    struct http_framing whole = *start, single = *start;
    struct err e;
    ssize_t taken = http_framing_take(&whole, bytes, len, &e), sum = 0;

    for (size_t i = 0; i < len && !single.done; i++) {
        ssize_t n = http_framing_take(&single, bytes + i, 1, &e);

        if (n < 0) {
            hold(taken < 0);
            return;
        }
        sum += n;
    }
    hold(taken == sum && whole.done == single.done);
}

static void cookies(const struct http_head *h)
{
    char out[512];
    size_t written;

    for (size_t i = 0; i < h->n_fields; i++) {
        http_cookie_to_container(out, sizeof out, &written, h->fields[i].value);
        http_cookie_from_container(out, sizeof out, &written, h->fields[i].value, slice_of("/user/a/"));
    }
}

static void one_request(struct http_head *h, const char *bytes, size_t end, size_t len)
{
    struct http_framing f;
    struct err e;

    if (http_request_parse(h, bytes, end, &e) < 0)
        return;
    hold_fields(h, bytes, end);
    hold(h->target.at[0] == '/' && h->path.len <= h->target.len);
    hold(h->minor == 0 || h->host.len);
    http_wants_json(h);
    cookies(h);
    if (http_framing_request(&f, h, BODY_MAX, &e) == 0)
        hold_body(&f, bytes + end, len - end);
}

static void one_answer(struct http_head *h, const char *bytes, size_t end, size_t len)
{
    struct http_framing f;
    struct err e;

    if (http_answer_parse(h, bytes, end, &e) < 0)
        return;
    hold_fields(h, bytes, end);
    hold(h->status >= 100 && h->status <= 599);
    http_framing_answer(&f, h, false);
    hold_body(&f, bytes + end, len - end);
}

/* The same frames whether the bytes come at once or one by one. */
static void hold_frames(const char *bytes, size_t len)
{
    struct http_wsframe whole = {0}, single = {0};
    bool spoke = http_wsframe_take(&whole, bytes, len), spoke_once = false;

    for (size_t i = 0; i < len; i++)
        spoke_once |= http_wsframe_take(&single, bytes + i, 1);
    hold(spoke == spoke_once && whole.state == single.state && whole.left == single.left);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
    static struct http_head head;
    const char *bytes = (const char *)input;
    size_t end = http_head_end(bytes, len, 0);

    hold_frames(bytes, len);
    if (!end)
        return 0;
    hold(http_head_end(bytes, len, end / 2) == end && http_head_end(bytes, end, 0) == end);
    hold(!http_head_end(bytes, end - 1, 0));
    one_request(&head, bytes, end, len);
    one_answer(&head, bytes, end, len);
    return 0;
}
