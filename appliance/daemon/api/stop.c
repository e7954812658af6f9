/* What ending a session and stopping a build have in common: the operator's reason, and the answer. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/stop.h"

#include "base/json.h"
#include "base/unicode.h"
#include "base/url.h"

#define ANSWER_MAX 4096

int stop_reason(struct err *out, const struct request *r, enum err_code code, struct err *e)
{
    cleanup_buf struct buf because = BUF_OF(STOP_REASON_MAX);
    char reason[STOP_REASON_MAX + 1] = "";

    if (!url_query_value(&because, r->query, "because") && (because.len || because.full))
        return err_set(e, ERR_PARAMETER, "a reason has at most %d bytes", STOP_REASON_MAX);
    unicode_sentence(reason, sizeof reason, (struct slice){buf_text(&because), because.len});
    err_set(out, code, "%s%s%s", err_info(code)->sentence, *reason ? ": " : "", reason);
    return 0;
}

enum MHD_Result stop_reply(struct api *a, struct request *r, const char *kind, const char *name)
{
    cleanup_buf struct buf json = BUF_OF(ANSWER_MAX);

    buf_add_format(&json, "{\"stopped\": \"%s\", \"name\": ", kind);
    json_add_string(&json, name, strlen(name));
    buf_add_char(&json, '}');
    return reply_json(a, r, MHD_HTTP_OK, (struct slice){buf_text(&json), json.len});
}
