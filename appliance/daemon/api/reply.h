/* Complete answers: what is not a stream. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "api/routes.h"
#include "base/buf.h"

struct reply {
    unsigned status;
    const char *type;   /* Content-Type */
    struct slice body;  /* copied */
    const char *cache;  /* Cache-Control; NULL: none */
    const char *policy; /* Content-Security-Policy; NULL: none */
};

/* Adds the fields of the route's row and, to a 200, a strong ETag: who has it already gets 304 (contract 1.1). */
enum MHD_Result reply_send(struct api *a, struct request *r, const struct reply *reply);
/* The same for JSON. */
enum MHD_Result reply_json(struct api *a, struct request *r, unsigned status, struct slice json);
/* An error as JSON, with its code's status: {"error": {"code": "RB1907", "text": ..., "remedy": ...}}. The operator's.
 */
enum MHD_Result reply_error(struct api *a, struct request *r, const struct err *e);
/* Adds that object, without the braces around it. */
void reply_write_error(struct buf *json, const struct err *e);
/* A status without a body: 200 for OPTIONS (contract 1.1), 204. */
enum MHD_Result reply_empty(struct api *a, struct request *r, unsigned status);
/* A page that only says its status, with the fields that this status needs. */
enum MHD_Result reply_status(struct api *a, struct request *r, unsigned status);

/* The fields that every answer has: who we are, and what other origins may read. */
void reply_fields(const struct api *a, const struct request *r, struct MHD_Response *response);

#endif
