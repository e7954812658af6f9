/* RESOLVE: from a spec to a commit. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/resolve.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fetch/ask.h"
#include "fetch/refs.h"

#define ASK_MS 30000             /* of one question to git */
#define NOT_IN_NAMES "*?[\\^~: " /* git check-ref-format(1); some of them are patterns for ls-remote */
#define PATTERNS_MAX 5
#define PATTERN_MAX (PROVIDER_REF_MAX + 16)

/* Runs `git ls-remote words...`; *missing, where it is wanted: there is no such repository. */
static int list_remote(struct process_end *end, const struct git *g, const char *const *words, bool *missing,
                       struct err *e)
{
    char why[sizeof e->text - sizeof REFS_FAILED + 1];

    if (git_run(end, g, words, ASK_MS, e) < 0) {
        if (e->code != ERR_DEADLINE)
            return -1;
        str_copy(why, sizeof why, e->text);
        return err_set(e, ERR_RESOLVE_FAILED, REFS_FAILED "%s", why);
    }
    if (missing && (*missing = end->code && git_says_missing(&end->errors)))
        return 0;
    git_complaint(why, sizeof why, &end->errors);
    return end->code ? err_set(e, ERR_RESOLVE_FAILED, REFS_FAILED "%s", why) : 0;
}

int resolve_ref(char commit[GIT_COMMIT], const struct git *g, const char *url, const char *ref, struct err *e)
{
    CLEANUP(process_end_free) struct process_end end = GIT_END;
    const char *const words[] = {"ls-remote", "--", url, ref, NULL};

    if (git_address(url, e) < 0)
        return -1;
    if (git_is_commit(ref)) {
        str_copy(commit, GIT_COMMIT, ref);
        return 0;
    }
    if (list_remote(&end, g, words, NULL, e) < 0)
        return -1;
    return refs_first(commit, (struct slice){buf_text(&end.output), end.output.len}, e);
}

/* The names that a ref may stand for, the likeliest first: how many there are. A tag's commit goes before its object.
 */
static size_t names_of(char names[PATTERNS_MAX][PATTERN_MAX], const char *ref)
{
    static const char *const forms[PATTERNS_MAX] = {"refs/heads/%s", "refs/tags/%s^{}", "refs/tags/%s", "refs/%s^{}",
                                                    "refs/%s"};
    size_t count = 0;

    if (str_is(ref, "HEAD") || str_starts(ref, "refs/")) {
        snprintf(names[count++], PATTERN_MAX, "%s^{}", ref);
        snprintf(names[count++], PATTERN_MAX, "%s", ref);
        return count;
    }
    for (; count < PATTERNS_MAX; count++)
        snprintf(names[count], PATTERN_MAX, forms[count], ref);
    return count;
}

int resolve_name(struct resolved *out, const struct git *g, const char *url, const char *ref, struct err *e)
{
    CLEANUP(process_end_free) struct process_end end = GIT_END;
    char names[PATTERNS_MAX][PATTERN_MAX];
    const char *words[PATTERNS_MAX + 4] = {"ls-remote", "--", url};
    size_t count = names_of(names, ref);

    *out = (struct resolved){0};
    if (git_address(url, e) < 0)
        return -1;
    if (strpbrk(ref, NOT_IN_NAMES))
        return 0;
    for (size_t i = 0; i < count; i++)
        words[3 + i] = names[i];
    if (list_remote(&end, g, words, &out->missing, e) < 0)
        return -1;
    for (size_t i = 0; i < count && !out->commit[0] && !out->missing; i++)
        if (refs_named(out->commit, (struct slice){buf_text(&end.output), end.output.len}, names[i], e) < 0)
            return -1;
    return 0;
}

/* The parts of a RESOLVE, as strings. */
struct question {
    char *prefix, *spec, *site, *api, *token, *etag, *known; /* owned */
    struct provider_host host;
    struct provider_place place;
};

static void question_free(struct question *q)
{
    char *const texts[] = {q->prefix, q->spec, q->site, q->api, q->token, q->etag, q->known};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

static char *text_of(struct slice text)
{
    return mem_copy(text.at, text.len);
}

static int question_read(struct question *q, const struct wire_fetch_message *m, struct err *e)
{
    const struct provider *provider;

    *q = (struct question){.prefix = text_of(m->provider),
                           .spec = text_of(m->spec),
                           .site = text_of(m->site),
                           .api = text_of(m->api),
                           .token = text_of(m->token),
                           .etag = text_of(m->etag),
                           .known = text_of(m->known)};
    q->host = (struct provider_host){q->prefix, q->site, q->api, q->token};
    provider = provider_find(q->prefix);
    if (!provider)
        return err_set(e, ERR_FETCH_ADDRESS, "there is no provider %s", q->prefix);
    return provider_parse(&q->place, provider, q->site[0] ? &q->host : NULL, q->spec, e);
}

/* Asks the provider's host for a ref that git does not know. */
static int ask_host(struct wire_fetch_message *answer, struct resolved *out, const struct git *g,
                    const struct question *q, struct err *e)
{
    CLEANUP(ask_answer_free) struct ask_answer said = {0};
    cleanup_free struct provider_question *question = mem_zero(1, sizeof *question);
    char commit[PROVIDER_REF_MAX + 1];

    if (!q->api[0])
        return err_set(e, ERR_ASK_OFF,
                       "%s is no branch and no tag. If it is a short commit: these are not looked up here. Give the "
                       "full commit, all 40 digits of it.",
                       q->place.ref);
    if (!provider_question(question, &q->place, &q->host))
        return err_set(e, ERR_ASK_FAILED, "the question to %.100s is too long", q->api);
    if (ask_get(&said, question, q->known[0] ? q->etag : "", g->conn, e) < 0)
        return -1;
    answer->asked = true;
    if (said.said.status == 304 && git_is_commit(q->known)) {
        str_copy(out->commit, sizeof out->commit, q->known);
        str_copy(out->etag, sizeof out->etag, q->etag);
        return 0;
    }
    if (provider_answer(commit, &q->place, &said.said, e) < 0)
        return -1;
    str_copy(out->commit, sizeof out->commit, commit);
    str_copy(out->etag, sizeof out->etag, commit[0] ? said.etag : "");
    return 0;
}

static int look_up(struct wire_fetch_message *answer, struct resolved *out, const struct git *g,
                   const struct question *q, struct err *e)
{
    const struct provider_place *place = &q->place;

    if (!place->by_name)
        return resolve_ref(out->commit, g, place->repo_url, place->ref, e);
    if (resolve_name(out, g, place->repo_url, place->ref, e) < 0)
        return -1;
    if (out->commit[0] || out->missing || !provider_asks(place))
        return 0;
    return ask_host(answer, out, g, q, e);
}

int resolve_answer(const struct git *g, const struct wire_fetch_message *message, struct err *e)
{
    CLEANUP(question_free) struct question q;
    struct wire_fetch_message answer = {.kind = WIRE_FETCH_REF};
    struct resolved out = {0};

    if (question_read(&q, message, e) < 0)
        return -1;
    if (q.place.exact) {
        answer.resolved = slice_of(q.place.ref);
        return git_address(q.place.repo_url, e) < 0 ? -1 : conn_send(g->conn, &answer, e);
    }
    if (look_up(&answer, &out, g, &q, e) < 0)
        return -1;
    answer.resolved = slice_of(out.commit);
    answer.etag = slice_of(out.etag);
    return conn_send(g->conn, &answer, e);
}
