/* What a .gitmodules says of a submodule, as git tells it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_MODULE_CONFIG_H
#define FETCH_MODULE_CONFIG_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * `config` is what `git config --null --get-regexp '^submodule\.'` prints: "key\nvalue" and a NUL, again and again.
 * Keys are submodule.<name>.<what>, a name may be anything; a key without a value has no newline. Pure.
 */

/* The address of the submodule at `path`, borrowed from `config`; NULL: there is none, or it is to be left alone. */
const char *module_config_url(const struct buf *config, const char *path);

/* Where a submodule's address leads: one that begins with "./" or "../" from its superproject's (gitmodules(5)). False
 * when it goes up further than that. Pure. */
bool module_config_address(struct buf *out, const char *super, const char *url);

#endif
