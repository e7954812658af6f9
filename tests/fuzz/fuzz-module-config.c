/* Any bytes as what git makes of a stranger's .gitmodules, and any address in it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fetch/module_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_address(const char *super, const char *url)
{
    cleanup_buf struct buf address = BUF_OF(2048);
    bool relative = str_starts(url, "./") || str_starts(url, "../");

    if (!module_config_address(&address, super, url))
        return;
    demand(strlen(buf_text(&address)) == address.len && address.len <= address.limit);
    demand(relative || strcmp(buf_text(&address), url) == 0);
    demand(!relative || strncmp(buf_text(&address), super, 8) == 0); /* not beyond the superproject's own host */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const paths[] = {"a", "lib/b", ""};
    cleanup_buf struct buf config = BUF_OF(len + 1);

    buf_add(&config, bytes, len);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *url = module_config_url(&config, paths[i]);

        demand(!url || (url > config.bytes && url + strlen(url) <= config.bytes + config.len));
        if (url)
            check_address("https://example.org/u/r/", url);
    }
    check_address("https://example.org/u/r", buf_text(&config));
    return 0;
}
