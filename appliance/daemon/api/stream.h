/* A launch's feed as an event stream (contract 2.1). */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/routes.h"

/*
 * The reader pulls: events are taken from the feed when the socket takes bytes, so a slow one costs LAUNCH_READ_ROOM at
 * most and skips what the feed no longer has. Nothing is held for who has left.
 */
struct launch_place;

/* Whether the client at `address` may watch one more launch; NULL: the operator. */
bool stream_has_room(const struct api *a, const char *address);

/* Answers `r` with a launch's feed from a place on. `address` is the client's, borrowed from the request. */
enum MHD_Result stream_serve(struct api *a, struct request *r, const struct launch_place *from, const char *address);

#endif
