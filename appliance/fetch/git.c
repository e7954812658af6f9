/* git(1) as it is run here: its environment, its limits, its complaints. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/git.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define SILENCE_MS 120000          /* a server that packs a large history says nothing meanwhile */
#define STREAM_MS (60 * 60 * 1000) /* who takes may be slow; the daemon's limit of a build closes the connection */
#define WORDS_MAX 64               /* of a command */

/* Read by git and by libcurl in it (decisions 1); nothing else of our environment reaches them. */
static const char *const handed_on[] = {"PATH",        "TZ",       "http_proxy",     "https_proxy",   "no_proxy",
                                        "HTTPS_PROXY", "NO_PROXY", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "CURL_CA_BUNDLE",
                                        "all_proxy",   "ALL_PROXY"};
#define HANDED_ON (sizeof handed_on / sizeof handed_on[0])

/*
 * What every git of ours is told. A server is silent, not slow, below one byte a second: while it packs a history it
 * sends a few bytes every 5 s (uploadpack.keepAlive), which is no reason to give up. One pack however few objects
 * there are: it is the pack of the image's .git. Blobs of a megabyte and more are streamed where git can, and its
 * caches are small: a fetch stays under 32 MB whatever it brings.
 */
static const char *const always[] = {
    "git",
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.http.allow=always",
    "-c",
    "protocol.https.allow=always",
    "-c",
    "protocol.git.allow=always",
    "-c",
    "http.lowSpeedLimit=1",
    "-c",
    "http.lowSpeedTime=60",
    "-c",
    "transfer.unpackLimit=1",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "maintenance.auto=false",
    "-c",
    "core.bigFileThreshold=1m",
    "-c",
    "core.deltaBaseCacheLimit=4m",
    "-c",
    "core.packedGitWindowSize=1m",
    "-c",
    "core.packedGitLimit=4m",
    "-c",
    "pack.threads=1",
};
#define ALWAYS (sizeof always / sizeof always[0])

static const char *const protocols[] = {"https://", "http://", "git://"};

int git_address(const char *url, struct err *e)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (str_starts(url, protocols[i]))
            return 0;
    if (str_starts(url, "ssh://"))
        return err_set(e, ERR_FETCH_ADDRESS, "%s: ssh is not possible here, there is no key; give the https address",
                       url);
    return err_set(e, ERR_FETCH_ADDRESS, "%s: only https, http and git addresses are fetched", url);
}

bool git_is_commit(const char *text)
{
    return strlen(text) == GIT_COMMIT - 1 && strspn(text, "0123456789abcdef") == GIT_COMMIT - 1;
}

bool git_is_plain_ref(const char *ref)
{
    return ref[0] && !strchr("-+^", ref[0]) && !git_is_commit(ref) && !strpbrk(ref, ":*?[\\^~ ");
}

struct environment {
    char *values[HANDED_ON + 12]; /* owned, ends with NULL */
};

static void environment_free(struct environment *env)
{
    for (size_t i = 0; env->values[i]; i++)
        free(env->values[i]);
}

static void environment_make(struct environment *env, const char *folder)
{
    size_t n = 0;

    env->values[n++] = mem_string("LC_ALL=C");
    env->values[n++] = mem_format("HOME=%s", folder);
    /* No repository is looked for above the folder. */
    env->values[n++] = mem_format("GIT_CEILING_DIRECTORIES=%.*s", (int)(strrchr(folder, '/') - folder), folder);
    env->values[n++] = mem_string("GIT_CONFIG_NOSYSTEM=1");
    env->values[n++] = mem_string("GIT_CONFIG_GLOBAL=/dev/null");
    env->values[n++] = mem_string("GIT_ATTR_NOSYSTEM=1");
    env->values[n++] = mem_string("GIT_TERMINAL_PROMPT=0");
    env->values[n++] = mem_string("GIT_ASKPASS=/bin/false");
    env->values[n++] =
        mem_string("GIT_SSH_COMMAND=/bin/false");  /* git-lfs's; git itself is not allowed that protocol */
    env->values[n++] = mem_string("GOMAXPROCS=2"); /* git-lfs's: threads count as processes */
    for (size_t i = 0; i < HANDED_ON; i++)
        if (getenv(handed_on[i]))
            env->values[n++] = mem_format("%s=%s", handed_on[i], getenv(handed_on[i]));
    env->values[n] = NULL;
}

static int run(struct process *p, struct process_end *end, const struct git *g, const char *const *words, struct err *e)
{
    CLEANUP(environment_free) struct environment env = {0};
    const char *argv[WORDS_MAX + 1];
    size_t n = ALWAYS;

    memcpy(argv, always, sizeof always);
    for (; *words && n < WORDS_MAX; words++)
        argv[n++] = *words;
    argv[n] = NULL;
    environment_make(&env, g->folder);
    p->argv = argv;
    p->environment = (const char *const *)env.values;
    p->folder = g->folder;
    p->size_max = g->size_max;
    p->silence_ms = SILENCE_MS;
    buf_clear(&end->output);
    buf_clear(&end->errors);
    return process_run(p, end, g->conn, e);
}

int git_run(struct process_end *end, const struct git *g, const char *const *words, int limit_ms, struct err *e)
{
    struct process p = {.limit_ms = limit_ms};

    return run(&p, end, g, words, e);
}

int git_stream(struct process_end *end, const struct git *g, const char *const *words, const struct git_taker *to,
               struct err *e)
{
    struct process p = {.limit_ms = STREAM_MS, .take = to->take, .arg = to->arg};

    return run(&p, end, g, words, e);
}

bool git_says_missing(const struct buf *errors)
{
    /* http: 404; 401, which is GitHub's for what is private or not there; git:// */
    static const char *const says[] = {"' not found", "could not read Username", "repository not exported"};

    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        if (strstr(buf_text(errors), says[i]))
            return true;
    return false;
}

void git_complaint(char *out, size_t room, const struct buf *errors)
{
    struct slice text = {buf_text(errors), errors->len};
    size_t skipped = 0, len = 0;

    while (text.len && (unsigned char)text.at[text.len - 1] <= ' ')
        text.len--;
    if (text.len >= room) {
        skipped = text.len - room + 4;
        len = (size_t)snprintf(out, room, "...");
    }
    for (size_t i = skipped; i < text.len; i++)
        out[len++] = (unsigned char)text.at[i] < ' ' || text.at[i] == 127 ? ' ' : text.at[i];
    out[len] = '\0';
}
