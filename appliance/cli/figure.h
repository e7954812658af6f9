/* Times and sizes as people read them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_FIGURE_H
#define CLI_FIGURE_H

#include <stdint.h>

#include "base/buf.h"

/* "12s", "5m", "3h20m", "2d4h"; nothing for less than 0. */
void figure_span(struct buf *out, int64_t ms);
/* "900", "12K", "1.4M", "2.0G", of 1024 each; nothing for less than 0. */
void figure_size(struct buf *out, int64_t bytes);
/* Reads "90s", "15m", "2h", "3d" as so long before `now_ms`, or "2026-11-24", "2026-11-24T12:30" and "...:30:05" (UTC,
 * with a Z behind it or without) as that time. -1: it is neither. */
int64_t figure_since(const char *text, int64_t now_ms);

#endif
