/* The sentences of contract 2, encoded as events. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch/text.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* Above the longest: a spec twice in `ready`, each byte as \uXXXX. */
#define EVENT_MAX 65536
#define PREFIX_SHOWN 64 /* bytes of a prefix that may be as long as a request */

static void add_member(struct buf *out, const char *name, const char *value)
{
    buf_add_format(out, "%s\"%s\":", out->len ? "," : "{", name);
    json_add_string(out, value, strlen(value));
}

static char *finish(struct buf *out)
{
    buf_add_char(out, '}');
    return buf_steal(out);
}

static char *event(const char *phase, const char *message)
{
    cleanup_buf struct buf out = BUF_OF(EVENT_MAX);

    add_member(&out, "phase", phase);
    add_member(&out, "message", message);
    return finish(&out);
}

static char *built(const char *image, const char *message)
{
    cleanup_buf struct buf out = BUF_OF(EVENT_MAX);

    add_member(&out, "phase", "built");
    add_member(&out, "imageName", image);
    add_member(&out, "message", message);
    return finish(&out);
}

char *text_waiting(void)
{
    return event("waiting", "Waiting for build to start...\n");
}

char *text_found(const char *image)
{
    return built(image, "Found built image, launching...\n");
}

char *text_built(const char *image)
{
    return built(image, "Built image, launching...\n");
}

char *text_launching(void)
{
    return event("launching", "Launching server...\n");
}

char *text_queued(int place)
{
    cleanup_free char *message = mem_format("Waiting for a start slot, position %d\n", place);

    return event("launching", message);
}

char *text_requested(void)
{
    return event("launching", "Server requested\n");
}

char *text_spawning(void)
{
    return event("launching", "Spawning server...\n");
}

char *text_answers(const char *name)
{
    cleanup_free char *message = mem_format("Server ready at /user/%s/\n", name);

    return event("launching", message);
}

char *text_spawn_failed(const struct err *why)
{
    cleanup_free char *message = mem_format("Spawn failed: %s\n", err_public_text(why));

    return event("launching", message);
}

char *text_again(int attempt)
{
    cleanup_free char *message = mem_format("Launch attempt %d failed, retrying...\n", attempt);

    return event("launching", message);
}

char *text_ready(const struct text_ready *ready)
{
    cleanup_buf struct buf out = BUF_OF(EVENT_MAX);
    cleanup_free char *message = mem_format("server running at %s\n", ready->url);

    add_member(&out, "phase", "ready");
    add_member(&out, "message", message);
    add_member(&out, "url", ready->url);
    add_member(&out, "token", ready->token);
    add_member(&out, "image", ready->image);
    add_member(&out, "repo_url", ready->repo_url);
    add_member(&out, "binder_ref_url", ready->ref_url);
    add_member(&out, "binder_launch_host", ready->launch_host);
    add_member(&out, "binder_request", ready->request);
    add_member(&out, "binder_persistent_request", ready->persistent_request);
    return buf_steal(&out);
}

char *text_ready_end(const char *address)
{
    cleanup_buf struct buf out = BUF_OF(EVENT_MAX);

    if (!address)
        return mem_string("}");
    buf_add_text(&out, ",\"binder_client_ip\":");
    json_add_string(&out, address, strlen(address));
    return finish(&out);
}

/* Contract 2.11: an unexpected error has its status; what the visitor's own link or repository causes has none. */
static char *failed(int status, const char *message)
{
    cleanup_buf struct buf out = BUF_OF(EVENT_MAX);

    add_member(&out, "phase", "failed");
    if (status)
        buf_add_format(&out, ",\"status_code\":%d", status);
    add_member(&out, "message", message);
    return finish(&out);
}

/* A step's own form, where the code has none: how its message begins, and its status. */
static const struct step_form {
    const char *step, *begin;
    bool with_key; /* "<provider>:<spec>: " follows */
    int status;
} step_forms[] = {
    {"resolve", "Error resolving ref for ", true, 0},
    {"build", "", false, 0},
    {"session", "Spawn failed: ", false, 500},
};

static char *failed_in_step(const struct text_subject *of, const struct err *why)
{
    cleanup_buf struct buf message = BUF_OF(EVENT_MAX / 6);
    int status = err_info(why->code)->http_status;

    for (size_t i = 0; of->step && i < sizeof step_forms / sizeof step_forms[0]; i++) {
        const struct step_form *form = &step_forms[i];

        if (!str_is(form->step, of->step))
            continue;
        buf_add_text(&message, form->begin);
        if (form->with_key)
            buf_add_format(&message, "%s:%s: ", of->provider, of->spec);
        status = form->status;
    }
    buf_add_format(&message, "%s\n", err_public_text(why));
    return failed(status, buf_text(&message));
}

/* Contract 2.4: its sentences, without an end of line. */
static char *no_ref(const struct text_subject *of)
{
    return mem_format(
        "Could not resolve ref for %s:%s. Double check your URL and that your repo is public.%s%s", of->provider,
        of->spec,
        str_is(of->renamed, "master") ? " GitHub has changed default branches from \"master\" to \"main\"." : "",
        *of->renamed ? " Tip: HEAD will always resolve to a repository's default branch." : "");
}

char *text_head_instead(const struct text_subject *of)
{
    cleanup_free char *sentences = no_ref(of);
    cleanup_free char *message =
        mem_format("%s\nTrying again with HEAD instead of %s. Please update your links.\n", sentences, of->renamed);

    return event("waiting", message);
}

char *text_failed(const struct text_subject *of, const struct err *why)
{
    cleanup_free char *message = NULL, *sentences = NULL;

    switch (why->code) {
    case ERR_LAUNCH_ACCEPT:
        return failed(400, "Missing Accept header: text/event-stream\n");
    case ERR_LAUNCH_NO_PROVIDER:
        message = mem_format("No provider found for prefix %.*s\n", PREFIX_SHOWN, of->provider);
        return failed(0, message);
    case ERR_SPEC_MALFORMED:
        message = mem_format("%s\n", why->text);
        return failed(0, message);
    case ERR_SESSION_FULL: /* contract 2.6 */
        return failed(0, "Too many users on this BinderHub! Try again soon.\n");
    case ERR_LAUNCH_NO_REF:
        sentences = no_ref(of);
        message = mem_format("%s\n", sentences);
        return failed(0, message);
    default:
        return failed_in_step(of, why);
    }
}
