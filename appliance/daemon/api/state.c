/* What the appliance says of itself: /health, /versions, /api/repoproviders, and the operator's /status. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/parts.h"
#include "api/reply.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/engine.h"
#include "federation/health.h"
#include "federation/versions.h"
#include "provider/provider.h"
#include "session/session.h"
#include "store/rows.h"

#define STATE_MAX 4096

static void count_one(void *arg, const struct store_build *row)
{
    ++*(size_t *)arg;
}

/* Builds that run or wait are the rows that have not ended. */
static size_t count_builds(const struct api *a)
{
    size_t count = 0;
    struct err e;

    if (store_build_load(a->parts.store, count_one, &count, &e) < 0)
        log_err(LOG_WARNING, &e, "counting builds");
    return count;
}

static enum MHD_Result send_state(struct api *a, struct request *r, unsigned status, const struct buf *json)
{
    return reply_json(a, r, status, (struct slice){buf_text(json), json->len});
}

enum MHD_Result serve_health(struct api *a, struct request *r)
{
    cleanup_buf struct buf json = BUF_OF(STATE_MAX);
    const struct health_pods pods = {session_count(a->parts.sessions), count_builds(a),
                                     session_places(a->parts.sessions)};
    bool well = health_write(a->parts.health, &pods, &json);

    return send_state(a, r, well ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, &json);
}

enum MHD_Result serve_versions(struct api *a, struct request *r)
{
    return reply_json(a, r, MHD_HTTP_OK, slice_of(versions_json()));
}

enum MHD_Result serve_providers(struct api *a, struct request *r)
{
    return reply_json(a, r, MHD_HTTP_OK, slice_of(provider_list_json()));
}

enum MHD_Result serve_status(struct api *a, struct request *r)
{
    cleanup_buf struct buf json = BUF_OF(STATE_MAX);
    enum err_code engine = engine_state(a->parts.engine);
    const char *sentence = engine == ERR_NONE ? "" : err_info(engine)->sentence;

    buf_add_format(&json, "{\"version\": \"%s\", \"engine\": {\"ok\": %s, \"code\": %d, \"text\": ", RINGBINDER_VERSION,
                   engine == ERR_NONE ? "true" : "false", (int)engine);
    json_add_string(&json, sentence, strlen(sentence));
    buf_add_format(&json, "}, \"sessions\": %zu, \"builds\": %zu, \"streams\": %u}", session_count(a->parts.sessions),
                   count_builds(a), a->n_streams);
    return send_state(a, r, MHD_HTTP_OK, &json);
}
