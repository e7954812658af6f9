/* Which certificates builds are handed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DAEMON_CERTIFICATES_H
#define DAEMON_CERTIFICATES_H

/* The bundle that `extra_ca` means (decisions 26): a file's path, `none`, or `auto`: this machine's own bundle where
 * certificates have been added to it. NULL: none. Borrowed from the argument or static. */
const char *certificates_bundle(const char *extra_ca);

#endif
