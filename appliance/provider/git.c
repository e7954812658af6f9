/* The provider `git`: any repository that git can reach by its address (contract 3.1, 3.4). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdio.h>

#include "base/str.h"
#include "provider/row.h"

#define COMMIT_HEX 40
#define TAG_MAX 128 /* characters of an image's tag: a ref that is taken as it is becomes one */
#define SHOWN 120   /* characters of an address in a sentence, so that the sentence's end is not cut off */

static const char *const protocols[] = {"http", "https", "git", "ssh"};

/* "git@github.com:user/repo": who, where and a path, but no protocol. NULL when it is none; else its ':'. */
static const char *scp_colon(const char *url)
{
    const char *colon = strchr(url, ':'), *at = strchr(url, '@');

    if (!colon || !at || at == url || at > colon - 2 || strcspn(url, "/") < (size_t)(colon - url))
        return NULL;
    return colon[1] ? colon : NULL;
}

static int unsupported(const char *url, const char *protocol, struct err *e)
{
    return err_set(e, ERR_SPEC_MALFORMED, "Unsupported git url %.*s, protocol %.20s not in http, https, git, ssh",
                   SHOWN, url, *protocol ? protocol : "(none)");
}

/* Protocols are the same in either case (RFC 3986, section 3.1), but git only knows them in lower case. */
static int check_protocol(char *url, struct err *e)
{
    size_t len = strcspn(url, ":/?#");
    char protocol[24] = "";

    if (url[len] == ':' && len < sizeof protocol)
        for (size_t i = 0; i < len; i++)
            protocol[i] = (char)tolower((unsigned char)url[i]);
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (str_is(protocol, protocols[i])) {
            memcpy(url, protocol, len);
            return 0;
        }
    return unsupported(url, protocol, e);
}

/* What is behind the protocol has to name a host that no program takes for an option. */
static int check_host(const char *url, struct err *e)
{
    const char *host = strchr(url, ':') + 1;
    size_t len;

    if (!str_starts(host, "//"))
        return err_set(e, ERR_SPEC_MALFORMED,
                       "%.*s is no address of a repository. In a link the whole address is percent-encoded, as in "
                       "https%%3A%%2F%%2Fgit.example.com%%2Frepo/HEAD.",
                       SHOWN, url);
    host += 2;
    len = strcspn(host, "/?#");
    for (const char *at; (at = memchr(host, '@', len));) {
        len -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (!len || *host == ':' || *host == '-')
        return err_set(e, ERR_SPEC_MALFORMED, "The address %.*s names no host.", SHOWN, url);
    return 0;
}

static int parse_url(struct provider_place *out, struct slice encoded, struct err *e)
{
    char given[PROVIDER_URL_MAX + 1];
    const char *colon;

    if (row_decode(given, PROVIDER_URL_MAX, encoded, "repository's address", e) < 0)
        return -1;
    colon = scp_colon(given);
    if (!colon)
        str_copy(out->repo_url, sizeof out->repo_url, given);
    else if (snprintf(out->repo_url, sizeof out->repo_url, "ssh://%.*s/%s", (int)(colon - given), given, colon + 1) >=
             (int)sizeof out->repo_url)
        return err_set(e, ERR_SPEC_MALFORMED, "The repository's address in the link is longer than %d bytes.",
                       PROVIDER_URL_MAX);
    if (check_protocol(out->repo_url, e) < 0 || check_host(out->repo_url, e) < 0)
        return -1;
    str_copy(out->slug, sizeof out->slug, out->repo_url);
    return 0;
}

/* Upstream takes whatever starts like a commit for one (contract 3.4); it then has to serve as an image's tag. */
static int check_commit(struct provider_place *out, struct err *e)
{
    out->exact = strspn(out->ref, "0123456789abcdef") >= COMMIT_HEX;
    if (!out->exact)
        return 0;
    for (const char *c = out->ref; *c; c++)
        if (c - out->ref >= TAG_MAX || !((*c & 0x80) == 0 && (isalnum((unsigned char)*c) || strchr("_.-", *c))))
            return err_set(e, ERR_SPEC_MALFORMED,
                           "%.60s begins like a commit, but is none: a commit is %d hexadecimal digits.", out->ref,
                           COMMIT_HEX);
    return 0;
}

static int git_parse(struct provider_place *out, const struct provider_host *host, const char *raw_spec, struct err *e)
{
    struct slice ref = slice_of(raw_spec), url = slice_cut(&ref, '/');

    if (!strchr(raw_spec, '/'))
        return err_set(e, ERR_SPEC_MALFORMED,
                       "Spec is not of the form \"<percent-encoded address>/<ref>\", provided: \"%.*s\". Did you mean "
                       "\"%.*s/HEAD\"?",
                       SHOWN / 2, raw_spec, SHOWN / 2, raw_spec);
    if (!ref.len)
        return err_set(e, ERR_SPEC_MALFORMED,
                       "`unresolved_ref` must be specified in the url for the basic git provider");
    if (parse_url(out, url, e) < 0 || row_decode(out->ref, PROVIDER_REF_MAX, ref, "ref", e) < 0 ||
        row_check_ref(out->ref, e) < 0)
        return -1;
    snprintf(out->spec_front, sizeof out->spec_front, "%.*s/", (int)url.len, url.at);
    return check_commit(out, e);
}

/* Nobody can know how a stranger's server shows a commit. */
static bool git_ref_url(char out[PROVIDER_URL_MAX + 1], const struct provider_place *place, const char *commit)
{
    return str_copy(out, PROVIDER_URL_MAX + 1, place->repo_url);
}

const struct provider provider_git = {
    .prefix = "git",
    .name = "Git",
    .json = "{\"displayName\":\"Git repository\",\"id\":\"git\",\"spec\":{\"validateRegex\":\"[^/]+/.+\"},"
            "\"repo\":{\"label\":\"Arbitrary git repository URL (http://git.example.com/repo)\","
            "\"placeholder\":\"example: http://git.example.com/repo\",\"urlEncode\":true},"
            "\"ref\":{\"enabled\":true,\"default\":\"HEAD\"}}",
    .parse = git_parse,
    .ref_url = git_ref_url,
};
