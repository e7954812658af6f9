/* What runs here: what /versions says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "federation/versions.h"

const char *versions_json(void)
{
    return "{\"binderhub\": \"ringbinder-" RINGBINDER_VERSION "\", "
           "\"builder_info\": {\"ringbinder-version\": \"" RINGBINDER_VERSION "\"}}";
}
