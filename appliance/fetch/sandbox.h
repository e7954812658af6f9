/* What a fetch gives up before it meets a stranger's bytes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_SANDBOX_H
#define FETCH_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

/*
 * For this process and all that it starts, for good: no new privileges; no core file; system calls that only break-ins
 * need are refused (EPERM); and where the kernel has Landlock with renaming between folders (ABI 2, Linux 5.19), of all
 * files only these can be opened: read-only what programs, certificates and names need, `also` (a file, or NULL), and
 * `folder` for everything. From ABI 6 on, no abstract socket and no process outside can be reached, either. Where it
 * may connect is nftables' business (decisions 3), and who it is setpriv's. What is open already stays open.
 *
 * Errors: ERR_FETCH_SANDBOX. *confined, where it is not NULL: whether Landlock stands.
 */
int sandbox_enter(bool *confined, const char *folder, const char *also, struct err *e) ERR_CHECKED;

#endif
