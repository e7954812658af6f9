/* Any bytes as requirements.txt: what is called plain is nothing but that. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/requirements.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

#define TEXT_MAX (4 << 20)

/* Without comments: no character with which one installer might do something that the other does not. */
static void check_plain(struct slice text)
{
    bool comment = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        comment = c != '\n' && (comment || c == '#');
        demand(comment || !c || !strchr("$`\\/@:&|{}%", c));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    cleanup_buf struct buf text = BUF_OF(TEXT_MAX);
    struct requirements look;
    struct slice read;

    requirements_as_utf8(&text, (struct slice){(const char *)bytes, len});
    demand(!text.full);
    read = (struct slice){buf_text(&text), text.len};
    look = requirements_look(read);
    demand(look.any || (!look.local && look.plain));
    demand(!look.local || !look.plain);
    if (look.plain)
        check_plain(read);
    return 0;
}
