/* What links say: the providers' grammars, what they refuse, and how their hosts' answers are read. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>

#include "base/str.h"
#include "provider/ask.h"
#include "provider/name.h"
#include "provider/provider.h"
#include "tap.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"
#define HOST "https%3A%2F%2Fgit.example.com%2Frepo"

static struct provider_place place;
static struct err e;

static const struct provider_host hosts[] = {{"gh", "https://github.com", "https://api.github.com", ""}, {0}};

static bool parse_gh(const char *spec)
{
    const struct provider *gh = provider_find("gh");

    return provider_parse(&place, gh, provider_host_of(hosts, gh), spec, &e) == 0;
}

static void refused_gh(const char *spec, const char *text, const char *sentence)
{
    if (!ok(!parse_gh(spec) && e.code == ERR_SPEC_MALFORMED && strstr(e.text, text), "%s", sentence))
        printf("# got: %s\n", e.text);
}

static bool parse(const char *spec)
{
    return provider_parse(&place, provider_find("git"), NULL, spec, &e) == 0;
}

static void refused(const char *spec, const char *part, const char *sentence)
{
    if (!ok(!parse(spec) && e.code == ERR_SPEC_MALFORMED && strstr(e.text, part), "%s", sentence))
        printf("# got: %s\n", e.text);
}

static void table(void)
{
    json_t *list = json_loads(provider_list_json(), 0, NULL);
    json_t *git = json_array_get(list, 1), *gh = json_array_get(list, 0);

    is(provider_prefix(provider_find("git")), "git", "there is a provider git");
    is(provider_name(provider_find("git")), "Git", "its name in events is Git");
    ok(!provider_find("nope") && !provider_find(""), "other prefixes are none");
    is(json_string_value(json_object_get(git, "id")), "git", "/api/repoproviders lists it");
    ok(json_is_true(json_object_get(json_object_get(git, "repo"), "urlEncode")), "its address is percent-encoded");
    is(json_string_value(json_object_get(json_object_get(git, "ref"), "default")), "HEAD", "its default ref is HEAD");
    is(json_string_value(json_object_get(json_object_get(git, "spec"), "validateRegex")), "[^/]+/.+",
       "and the form checks what contract 1.5 says");
    is(json_string_value(json_object_get(gh, "id")), "gh", "GitHub stands before it");
    is(provider_name(provider_find("gh")), "GitHub", "by this name");
    is(json_string_value(json_object_get(json_object_get(gh, "spec"), "validateRegex")), "[^/]+/[^/]+/.+",
       "with its own form of a spec");
    is(json_string_value(json_object_get(json_object_get(gh, "detect"), "regex")),
       "^(https?://github.com/)?(?<repo>.*[^/])/?", "and of an address");
    ok(json_is_false(json_object_get(json_object_get(gh, "repo"), "urlEncode")), "its name is not encoded");
    json_decref(list);
}

static void grammar(void)
{
    char url[PROVIDER_URL_MAX + 1];

    ok(parse("https%3A%2F%2Fgithub.com%2Fbinder-examples%2Fconda/main"), "an address and a branch");
    is(place.repo_url, "https://github.com/binder-examples/conda", "the address is decoded");
    is(place.slug, place.repo_url, "and is the slug");
    is(place.ref, "main", "the ref stands behind the first slash");
    is(place.spec_front, "https%3A%2F%2Fgithub.com%2Fbinder-examples%2Fconda/", "the escaped form is kept as given");
    ok(!place.exact, "a branch is not exact");
    ok(provider_ref_url(url, &place, COMMIT), "there is a ref_url");
    is(url, place.repo_url, "which is the repository's own");
    ok(parse(HOST "/feature/a%2Fb%20c"), "a ref may contain slashes, encoded or not");
    is(place.ref, "feature/a/b c", "and is decoded");
    ok(parse("HTTPS%3a%2f%2fh%2fr/HEAD"), "hex digits and protocols may be of either case");
    is(place.repo_url, "https://h/r", "git knows protocols in lower case only");
    ok(parse("https%3A%2F%2Fu%3Ap%40h%3A8443%2Fr/HEAD"), "credentials and a port are part of an address");
    ok(parse("git%3A%2F%2F%5B%3A%3A1%5D%3A9418%2Fr/HEAD"), "an IPv6 address is a host");
}

static void scp(void)
{
    ok(parse("git%40github.com%3Abinder-examples%2Fconda.git/main"), "the scp form is an address");
    is(place.repo_url, "ssh://git@github.com/binder-examples/conda.git", "it is rewritten");
    is(place.slug, place.repo_url, "before it is the slug");
    refused("git%40-oProxyCommand%3Ax/main", "names no host", "a host is no option");
    refused("x%2Fgit%40h%3Ar/main", "Unsupported git url", "a path in front is not the scp form");
}

static void exact(void)
{
    ok(parse(HOST "/" COMMIT) && place.exact, "40 hex digits are a commit");
    ok(parse(HOST "/" COMMIT "-x") && place.exact, "what starts with 40 hex digits is taken as it is");
    ok(parse(HOST "/596b52f") && !place.exact, "a short commit is looked up");
    ok(parse(HOST "/596B52F10EFB0C9BEFC0C4AE850CC5175297D71C") && !place.exact, "so are upper case digits");
    refused(HOST "/" COMMIT "%2F..%2Fx", "begins like a commit", "an exact ref has to serve as a tag");
}

static void malformed(void)
{
    char longest[PROVIDER_SPEC_MAX + 2] = "";

    refused("file%3A%2F%2F%2Fetc/HEAD", "Unsupported git url file:///etc, protocol file not in http, https, git, ssh",
            "file: is refused with the contract's text");
    refused("ext%3A%3Ash%20-c%20id/HEAD", "protocol ext not in", "so is a remote helper");
    refused("%2Fetc%2Fpasswd/HEAD", "Unsupported git url", "and a path");
    refused("https://github.com/x/y/main", "percent-encoded", "an address that is not encoded gets a hint");
    refused("https%3A%2F%2F%2Fx/HEAD", "names no host", "an address has a host");
    refused("ssh%3A%2F%2F-oProxyCommand=x%2Fr/HEAD", "names no host", "a host is never an option");
    refused("ssh%3A%2F%2Fa%40-oProxyCommand=x%2Fr/HEAD", "names no host", "not behind a user, either");
    refused(HOST, "/HEAD\"?", "a spec without a ref is told how it goes on");
    refused(HOST "/", "`unresolved_ref` must be specified", "an empty ref has the contract's text");
    refused(HOST "/%", "two hexadecimal digits", "a lone percent sign");
    refused("https%3A%2F%2Fh%2/x", "two hexadecimal digits", "half an escape does not read beyond the slash");
    refused(HOST "/a%00b", "two hexadecimal digits", "a NUL");
    refused(HOST "/a%0Ab", "control characters", "a newline");
    refused("https%3A%2F%2Fh%0d%2Fr/x", "control characters", "a carriage return in the address");
    refused(HOST "/%FF", "no UTF-8", "bytes that are no UTF-8");
    refused(HOST "/%C2%9B31m", "control characters", "the C1 controls");
    refused(HOST "/--upload-pack=x", "begins with \"-\"", "a ref is no option");
    memset(longest, 'z', sizeof longest - 1);
    refused(longest, "longer than 2048", "a spec over 2048 bytes");
    memcpy(longest, HOST "/", sizeof HOST);
    longest[sizeof HOST + 256] = '\0';
    refused(longest, "longer than 255", "a ref over 255 bytes");
    longest[sizeof HOST + 255] = '\0';
    ok(parse(longest) && strlen(place.ref) == PROVIDER_REF_MAX, "a ref of 255 bytes is fine");
    memset(longest, 'z', sizeof longest - 1);
    memcpy(longest + 1025, "/HEAD", 6);
    refused(longest, "longer than 1024", "an address over 1024 bytes");
}

static void github(void)
{
    char url[PROVIDER_URL_MAX + 1];

    ok(parse_gh("binder-examples/requirements/HEAD"), "user, repository and ref");
    is(place.repo_url, "https://github.com/binder-examples/requirements", "the address is GitHub's");
    is(place.slug, "binder-examples-requirements", "the slug has no slash");
    is(place.spec_front, "binder-examples/requirements/", "the resolved spec begins like the spec");
    ok(provider_ref_url(url, &place, COMMIT), "there is a ref_url");
    is(url, "https://github.com/binder-examples/requirements/tree/" COMMIT, "which shows the commit's files");
    ok(parse_gh("u/r.git/feature/a%2Fb") && place.by_name, "a ref may contain slashes, encoded or not");
    is(place.ref, "feature/a/b", "and is decoded");
    is(place.repo_url, "https://github.com/u/r", ".git is no part of a name");
    is(place.spec_front, "u/r/", "nor of the resolved spec");
    ok(parse_gh("u/r/" COMMIT) && place.exact, "40 hex digits are a commit");
    ok(parse_gh("u/r/596B52F10EFB0C9BEFC0C4AE850CC5175297D71C") && place.exact, "in either case");
    is(place.ref, COMMIT, "which becomes git's");
    ok(parse_gh("u/r/" COMMIT "0") && !place.exact && !provider_asks(&place), "41 are none");
    ok(parse_gh("u/r/596b52f") && !place.exact && provider_asks(&place), "7 are perhaps a short one");
    ok(parse_gh("u/r/596b52") && !provider_asks(&place), "6 are not");
    ok(parse_gh("u/r/596b52fg") && !provider_asks(&place), "nor is a word");
    ok(parse_gh("u/r/master") && provider_is_renamed(&place), "master may have been renamed");
    ok(parse_gh("u/r/main") && provider_is_renamed(&place), "and main");
    ok(parse_gh("u/r/mainly") && !provider_is_renamed(&place), "and no other");
    ok(parse(HOST "/master") && !provider_is_renamed(&place), "at other hosts nobody knows");
}

static void github_refuses(void)
{
    char longest[300] = "", repository[120];

    ok(!parse_gh("a/b"), "a spec without a ref");
    is(e.text, "Spec is not of the form \"user/repo/ref\", provided: \"a/b\". Did you mean \"a/b/HEAD\"?",
       "has contract 3.1's text");
    ok(!parse_gh("a/main") && !strstr(e.text, "Did you mean"), "no hint where the last part is rather a ref");
    ok(!parse_gh("a/HEAD") && !strstr(e.text, "Did you mean"), "such as HEAD");
    ok(!parse_gh("a"), "a single part");
    is(e.text, "Spec is not of the form \"user/repo/ref\", provided: \"a\".", "has no hint either");
    memset(longest, 'z', 250);
    memcpy(longest + 100, "/", 1);
    refused_gh(longest, "/HEAD\"?", "a long one keeps its hint");
    refused_gh("a//main", "does not name a repository", "an empty name");
    refused_gh("/b/main", "does not name a user", "either of them");
    refused_gh("a/.git/main", "does not name a repository", "nothing but .git");
    refused_gh("../b/main", "does not name a user", "a name is no dots");
    refused_gh("a/%2e%2E/main", "does not name a repository", "not encoded ones, either");
    refused_gh("a/b%2Fc/main", "is not the name", "nor two names");
    refused_gh("a@evil.example/b/main", "is not the name", "nor a host");
    refused_gh("a/b%3Fc/main", "is not the name", "nor a query");
    refused_gh("a/b/-x", "begins with \"-\"", "a ref is no option");
    refused_gh("a/b/%0a", "control characters", "nor a line's end");
    memset(longest, 'z', sizeof longest - 1);
    snprintf(repository, sizeof repository, "a/%.101s/x", longest);
    refused_gh(repository, "longer than 100", "a name over 100 bytes");
}

/* Contract 3.5: from a spec to names. */
static void vectors(void)
{
    static const struct {
        const char *provider, *spec, *image, *build;
    } rows[] = {
        {"gh", "binder-examples/requirements/HEAD", "binder-2dexamples-2drequirements-55ab5c",
         "build-binder-2dexamples-2drequirements-55ab5c-596-01"},
        {"gh", "binderhub-ci-repos/cached-minimal-dockerfile/HEAD",
         "binderhub-2dci-2drepos-2dcached-2dminimal-2ddockerfile-c90b2b",
         "build-binderhub-2dci-2drepos-2dcached-2dminimal-2-c90b2b-596-01"},
        {"gh", "Foo/Bar_baz.git/HEAD", "foo-2dbar-5fbaz-329ab2", "build-foo-2dbar-5fbaz-329ab2-596-01"},
        {"git", "https%3A%2F%2Fgithub.com%2Fbinder-examples%2Fconda/HEAD",
         "https-3a-2f-2fgithub-2ecom-2fbinder-2dexamples-2fconda-3ffdf0",
         "build-https-3a-2f-2fgithub-2ecom-2fbinder-2dexamp-3ffdf0-596-01"},
        {"git", "git%40github.com%3Abinder-examples%2Fconda.git/HEAD",
         "ssh-3a-2f-2fgit-40github-2ecom-2fbinder-2dexamples-2fconda-2egit-720945",
         "build-ssh-3a-2f-2fgit-40github-2ecom-2fbinder-2de-720945-596-01"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct provider *p = provider_find(rows[i].provider);
        char image[NAME_IMAGE_MAX + 1], build[NAME_BUILD_MAX + 1], want[NAME_IMAGE_MAX + 1];

        ok(provider_parse(&place, p, provider_host_of(hosts, p), rows[i].spec, &e) == 0, "%s", rows[i].spec);
        name_image(image, "i-", place.slug, COMMIT);
        snprintf(want, sizeof want, "i-%s:" COMMIT, rows[i].image);
        is(image, want, "has the contract's image");
        name_build(build, place.slug, COMMIT);
        is(build, rows[i].build, "and the contract's build");
    }
}

static void question(void)
{
    struct provider_host host = {"gh", "https://github.com", "https://ghe.example/api/v3", "s3cret"};
    struct provider_question q;
    char token[300] = "";

    parse_gh("u/r.git/596b52f");
    ok(provider_question(&q, &place, &host), "a short commit is a question");
    is(q.url, "https://ghe.example/api/v3/repos/u/r/commits/596b52f", "to the API that is set");
    is(q.authorization, "token s3cret", "with the token");
    host.token = "";
    ok(provider_question(&q, &place, &host), "or without");
    is(q.authorization, "", "any");
    memset(token, 't', sizeof token - 1);
    host.token = token;
    ok(!provider_question(&q, &place, &host), "a token has a bound");
}

static const char *answered(struct provider_answer a, const char *body)
{
    static char commit[PROVIDER_REF_MAX + 1];

    a.reason = a.reason ? a.reason : "";
    a.body = slice_of(body);
    return provider_answer(commit, &place, &a, &e) < 0 ? e.text : commit;
}

static void answers(void)
{
#define LIMITED(seconds)                                                                                               \
    ((struct provider_answer){.status = 403, .remaining = 0, .reset = 1000 + (seconds), .now = 1000})
#define WAIT(n) "GitHub rate limit exceeded. Try again in " n " minutes. A full commit"
    parse_gh("u/r/596b52f");
    is(answered((struct provider_answer){.status = 200}, "{\"sha\":\"" COMMIT "\",\"files\":[]}"), COMMIT,
       "the answer names the commit");
    is(answered((struct provider_answer){.status = 404}, ""), "", "404: there is no such ref");
    is(answered((struct provider_answer){.status = 422}, "{}"), "", "422: neither");
    ok(str_starts(answered(LIMITED(0), ""), WAIT("5")), "a limit that ends now is told as 5 minutes");
    ok(str_starts(answered(LIMITED(299), ""), WAIT("5")), "as is one of 299 s");
    ok(str_starts(answered(LIMITED(300), ""), WAIT("10")), "300 s are 10 minutes");
    ok(str_starts(answered(LIMITED(3599), ""), WAIT("60")), "an hour is an hour");
    ok(str_starts(answered(LIMITED(-5000), ""), WAIT("5")), "a clock that is wrong does not show");
    ok(str_starts(answered(LIMITED(INT64_C(1) << 60), ""), WAIT("1445")), "not by much");
    is_number(e.code, ERR_ASK_RATE, "with a code of its own");
    is(answered((struct provider_answer){.status = 403, .reason = "Forbidden", .remaining = 12}, ""),
       "HTTP 403: Forbidden", "403 with questions left is another matter");
    is(answered((struct provider_answer){.status = 500, .reason = "Internal Server Error"}, ""),
       "HTTP 500: Internal Server Error", "what is wrong at the host is told");
    is(answered((struct provider_answer){.status = 502}, ""), "HTTP 502: Unknown", "as far as it says so");
    ok(strstr(answered((struct provider_answer){.status = 200}, "<html>"), "names no commit"), "no JSON");
    ok(strstr(answered((struct provider_answer){.status = 200}, "{\"sha\":\"596b52f\"}"), "names no commit"),
       "no commit");
    ok(strstr(answered((struct provider_answer){.status = 200}, "{\"sha\":[1]}"), "names no commit"), "no text");
}

int main(void)
{
    table();
    grammar();
    scp();
    exact();
    malformed();
    github();
    github_refuses();
    vectors();
    question();
    answers();
    return tap_end();
}
