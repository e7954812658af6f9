/* The provider `gh`: repositories on GitHub (contract 3.1, 3.2). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

#include "provider/row.h"

#define GITHUB "https://github.com" /* where nobody says otherwise */
#define NAME_BYTES 100              /* of a user or a repository, as GitHub has it */
#define COMMIT_HEX 40
#define SHORT_HEX 7 /* digits of a short commit, at least: fewer are rather a branch that is not there */
#define SHOWN 89    /* characters of a spec in a sentence that has it twice */
#define HEX "0123456789abcdefABCDEF"
#define ROUND_S 300                        /* contract 3.2: the wait is told in steps of 5 minutes */
#define WAIT_MAX_S (INT64_C(24) * 60 * 60) /* GitHub's limits are by the hour */
#define ASK_FULL "A full commit, all 40 digits of it, needs no such question."

/* A user's or repository's name goes into addresses as it was given; decoded it may be nothing but a name. */
static int check_name(struct slice name, const char *what, struct err *e)
{
    char plain[NAME_BYTES + 1];

    if (row_decode(plain, NAME_BYTES, name, what, e) < 0)
        return -1;
    for (const char *c = plain; *c; c++)
        if ((*c & 0x80) || !(isalnum((unsigned char)*c) || strchr("-_.", *c)))
            return err_set(e, ERR_SPEC_MALFORMED, "%.60s is not the name of a %s.", plain, what);
    if (!plain[0] || str_is(plain, ".") || str_is(plain, ".."))
        return err_set(e, ERR_SPEC_MALFORMED, "The link does not name a %s.", what);
    return 0;
}

/* 40 digits are a commit, in lower case as git and images' tags have them. */
static void read_commit(struct provider_place *out)
{
    out->exact = strlen(out->ref) == COMMIT_HEX && strspn(out->ref, HEX) == COMMIT_HEX;
    for (char *c = out->ref; out->exact && *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

/* Contract 3.1. */
static int not_of_the_form(const char *spec, struct slice repository, struct err *e)
{
    bool hint = repository.len && !slice_is(repository, "main") && !slice_is(repository, "master") &&
                !slice_is(repository, "HEAD");

    if (hint)
        return err_set(e, ERR_SPEC_MALFORMED,
                       "Spec is not of the form \"user/repo/ref\", provided: \"%.*s\". Did you mean \"%.*s/HEAD\"?",
                       SHOWN, spec, SHOWN, spec);
    return err_set(e, ERR_SPEC_MALFORMED, "Spec is not of the form \"user/repo/ref\", provided: \"%.*s\".", 2 * SHOWN,
                   spec);
}

static int gh_parse(struct provider_place *out, const struct provider_host *host, const char *raw_spec, struct err *e)
{
    struct slice ref = slice_of(raw_spec), user = slice_cut(&ref, '/'), repository = slice_cut(&ref, '/');

    if (!ref.len)
        return not_of_the_form(raw_spec, repository, e);
    if (repository.len >= 4 && memcmp(repository.at + repository.len - 4, ".git", 4) == 0)
        repository.len -= 4;
    if (check_name(user, "user on GitHub", e) < 0 || check_name(repository, "repository on GitHub", e) < 0 ||
        row_decode(out->ref, PROVIDER_REF_MAX, ref, "ref", e) < 0 || row_check_ref(out->ref, e) < 0)
        return -1;
    snprintf(out->spec_front, sizeof out->spec_front, "%.*s/%.*s/", (int)user.len, user.at, (int)repository.len,
             repository.at);
    snprintf(out->slug, sizeof out->slug, "%.*s-%.*s", (int)user.len, user.at, (int)repository.len, repository.at);
    snprintf(out->repo_url, sizeof out->repo_url, "%s/%.*s/%.*s", host ? host->site : GITHUB, (int)user.len, user.at,
             (int)repository.len, repository.at);
    out->by_name = true;
    read_commit(out);
    return 0;
}

static bool gh_ref_url(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit)
{
    return snprintf(out, PROVIDER_URL_MAX + 1, "%s/tree/%s", place->repo_url, commit) <= PROVIDER_URL_MAX;
}

static bool gh_asks(const struct provider_place *place)
{
    size_t digits = strspn(place->ref, HEX);

    return digits >= SHORT_HEX && digits < COMMIT_HEX && !place->ref[digits];
}

static bool gh_question(struct provider_question *out, const struct provider_place *place,
                        const struct provider_host *host)
{
    int url = snprintf(out->url, sizeof out->url, "%s/repos/%scommits/%s", host->api, place->spec_front, place->ref);
    int token = 0;

    if (host->token[0])
        token = snprintf(out->authorization, sizeof out->authorization, "token %s", host->token);
    return url < (int)sizeof out->url && token < (int)sizeof out->authorization;
}

/* "in N minutes", N = 5 * (1 + floor(seconds / 60 / 5)). */
static int over_limit(const struct provider_answer *a, struct err *e)
{
    int64_t wait = a->reset - a->now;

    wait = wait < 0 ? 0 : wait > WAIT_MAX_S ? WAIT_MAX_S : wait;
    return err_set(e, ERR_ASK_RATE, "GitHub rate limit exceeded. Try again in %d minutes. " ASK_FULL,
                   5 * (1 + (int)(wait / ROUND_S)));
}

static int read_sha(char commit[PROVIDER_REF_MAX + 1], struct slice body, struct err *e)
{
    json_t *answer = json_loadb(body.at ? body.at : "", body.len, 0, NULL);
    const char *sha = json_string_value(json_object_get(answer, "sha"));

    if (sha && strlen(sha) == COMMIT_HEX && strspn(sha, HEX) == COMMIT_HEX)
        str_copy(commit, PROVIDER_REF_MAX + 1, sha);
    json_decref(answer);
    return commit[0] ? 0 : err_set(e, ERR_ASK_FAILED, "GitHub's answer names no commit. " ASK_FULL);
}

static int gh_answer(char commit[PROVIDER_REF_MAX + 1], const struct provider_answer *a, struct err *e)
{
    if (a->status == 200)
        return read_sha(commit, a->body, e);
    if (a->status == 404 || a->status == 422)
        return 0;
    /* Contract 3.2 has 403; GitHub says 429 for the same. */
    if ((a->status == 403 || a->status == 429) && a->remaining == 0)
        return over_limit(a, e);
    return err_set(e, ERR_ASK_FAILED, "HTTP %d: %s", a->status, a->reason[0] ? a->reason : "Unknown");
}

const struct provider provider_gh = {
    .prefix = "gh",
    .name = "GitHub",
    .json = "{\"displayName\":\"GitHub\",\"id\":\"gh\",\"spec\":{\"validateRegex\":\"[^/]+/[^/]+/.+\"},"
            "\"detect\":{\"regex\":\"^(https?://github.com/)?(?<repo>.*[^/])/?\"},"
            "\"repo\":{\"label\":\"GitHub repository name or URL\","
            "\"placeholder\":\"example: binder-examples/requirements or "
            "https://github.com/binder-examples/requirements\",\"urlEncode\":false},"
            "\"ref\":{\"enabled\":true,\"default\":\"HEAD\"}}",
    .parse = gh_parse,
    .renamed = true,
    .ref_url = gh_ref_url,
    .asks = gh_asks,
    .question = gh_question,
    .answer = gh_answer,
};
