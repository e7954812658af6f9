/* What the providers' grammars have in common. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "provider/row.h"

#include "base/unicode.h"
#include "base/url.h"

int row_decode(char *to, size_t max, struct slice part, const char *what, struct err *e)
{
    cleanup_buf struct buf text = BUF_OF(max);
    size_t at = 0;

    if (!url_decode(&text, part)) {
        if (text.full)
            return err_set(e, ERR_SPEC_MALFORMED, "The %s in the link is longer than %zu bytes.", what, max);
        return err_set(e, ERR_SPEC_MALFORMED,
                       "The %s in the link is not percent-encoded as it has to be: after each %% come two hexadecimal "
                       "digits, and not 00.",
                       what);
    }
    while (at < text.len) {
        uint32_t c;
        size_t len = unicode_next(&c, text.bytes + at, text.len - at);

        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c == UNICODE_REPLACEMENT && len == 1))
            return err_set(e, ERR_SPEC_MALFORMED, "The %s in the link contains control characters or is no UTF-8.",
                           what);
        at += len;
    }
    str_copy(to, max + 1, buf_text(&text));
    return 0;
}

int row_check_ref(const char *ref, struct err *e)
{
    if (ref[0] != '-')
        return 0;
    return err_set(e, ERR_SPEC_MALFORMED, "No branch, tag or commit has a name that begins with \"-\": %.60s", ref);
}
