/* What a session's container is given: its arguments, its environment, its token. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/spec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sodium.h>

#include "base/mem.h"
#include "base/str.h"

/*
 * Contract 5.2: jupyter-lab where JupyterLab is 3 or newer, else jupyter-notebook. Upstream asks Python, which costs a
 * launch 50 ms and more; the versions before 3 show in the name of the folder that their installer leaves.
 */
static const char launcher[] =
    "lab=$(command -v jupyter-lab)\n"
    "for old in \"${lab%/bin/*}\"/lib/python3*/*-packages/jupyterlab-[0-2].*; do\n"
    "    if [ -e \"$old\" ]; then lab=; fi\n"
    "done\n"
    "if [ \"$lab\" ]; then exec \"$lab\" \"$@\"; fi\n"
    "if command -v jupyter-notebook >/dev/null; then exec jupyter-notebook \"$@\"; fi\n"
    "echo 'This image has no Jupyter: neither jupyter-lab nor jupyter-notebook is on its PATH.' >&2\n"
    "exit 127\n";

void session_token(char out[SESSION_TOKEN_TEXT], const uint8_t secret[32], const struct id *session)
{
    uint8_t hash[16];

    crypto_generichash(hash, sizeof hash, session->bytes, sizeof session->bytes, secret, 32);
    sodium_bin2base64(out, SESSION_TOKEN_TEXT, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void session_words_free(struct session_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = (struct session_words){0};
}

static void take_word(struct session_words *words, char *word)
{
    words->items = mem_resize(words->items, words->count + 2, sizeof *words->items);
    words->items[words->count++] = word;
    words->items[words->count] = NULL;
}

static void add_word(struct session_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_word(struct session_words *words, const char *format, ...)
{
    char *word;
    va_list args;

    va_start(args, format);
    if (vasprintf(&word, format, args) < 0)
        abort();
    va_end(args);
    take_word(words, word);
}

/* JupyterLab reads --ServerApp, the classic notebook --NotebookApp: every such word is given twice (contract 5.2). */
static void copy_for_server(struct session_words *words)
{
    static const char front[] = "--NotebookApp.";
    size_t count = words->count;

    for (size_t i = 0; i < count; i++)
        if (str_starts(words->items[i], front))
            add_word(words, "--ServerApp.%s", words->items[i] + strlen(front));
}

void session_command(struct session_words *out, const struct session_settings *settings, const char *name,
                     const char *token)
{
    *out = (struct session_words){0};
    add_word(out, "sh");
    add_word(out, "-c");
    add_word(out, "%s", launcher);
    add_word(out, "jupyter"); /* $0 */
    add_word(out, "--ip=0.0.0.0");
    add_word(out, "--port=8888");
    add_word(out, "--NotebookApp.base_url=/user/%s/", name);
    add_word(out, "--NotebookApp.token=%s", token);
    add_word(out, "--NotebookApp.trust_xheaders=True");
    if (settings->default_url)
        add_word(out, "--NotebookApp.default_url=%s", settings->default_url);
    if (settings->allow_origin)
        add_word(out, "--NotebookApp.allow_origin=%s", settings->allow_origin);
    if (settings->allow_origin && str_is(settings->allow_origin, "*"))
        add_word(out, "--NotebookApp.allow_origin_pat=.*");
    /* The daemon owns time: a frozen server would count hours that it slept through (decisions 20). */
    add_word(out, "--NotebookApp.shutdown_no_activity_timeout=0");
    add_word(out, "--MappingKernelManager.cull_idle_timeout=0");
    add_word(out, "--TerminalManager.cull_inactive_timeout=0");
    for (const char *const *extra = settings->extra_arguments; extra && *extra; extra++)
        add_word(out, "%s", *extra);
    copy_for_server(out);
}

/* 1 for 1000, 0.5 for 500. */
static void add_cores(struct session_words *words, const char *name, int64_t millis)
{
    add_word(words, "%s=%g", name, (double)millis / 1000);
}

void session_environment(struct session_words *out, const struct session_settings *settings,
                         const struct store_session *row)
{
    *out = (struct session_words){0};
    add_word(out, "BINDER_REPO_URL=%s", row->repo_url);
    add_word(out, "BINDER_REF_URL=%s", row->ref_url);
    add_word(out, "BINDER_LAUNCH_HOST=%s", row->launch_host);
    add_word(out, "BINDER_REQUEST=%s", row->request);
    add_word(out, "BINDER_PERSISTENT_REQUEST=%s", row->persistent_request);
    add_word(out, "JUPYTERHUB_SERVICE_PREFIX=/user/%s/", row->name);
    add_word(out, "JUPYTERHUB_USER=%s", row->name);
    add_word(out, "JUPYTERHUB_SERVER_NAME=");
    add_word(out, "JUPYTERHUB_BASE_URL=/");
    add_word(out, "MEM_LIMIT=%" PRId64, settings->memory_bytes);
    add_word(out, "MEM_GUARANTEE=%" PRId64, settings->memory_guarantee_bytes);
    add_cores(out, "CPU_LIMIT", settings->cpu_millis);
    add_word(out, "CPU_GUARANTEE=0.01");
    add_word(out, "JUPYTER_IMAGE=%s", row->image_name);
    add_word(out, "JUPYTER_IMAGE_SPEC=%s", row->image_name);
}
