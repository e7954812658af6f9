/* What links say: provider git's grammar, and what it refuses. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>

#include "base/str.h"
#include "provider/provider.h"
#include "tap.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"
#define HOST "https%3A%2F%2Fgit.example.com%2Frepo"

static struct provider_place place;
static struct err e;

static bool parse(const char *spec)
{
    return provider_parse(&place, provider_find("git"), spec, &e) == 0;
}

static void refused(const char *spec, const char *part, const char *sentence)
{
    if (!ok(!parse(spec) && e.code == ERR_SPEC_MALFORMED && strstr(e.text, part), "%s", sentence))
        printf("# got: %s\n", e.text);
}

static void table(void)
{
    json_t *list = json_loads(provider_list_json(), 0, NULL);
    json_t *git = json_array_get(list, 0);

    is(provider_prefix(provider_find("git")), "git", "there is a provider git");
    is(provider_name(provider_find("git")), "Git", "its name in events is Git");
    ok(!provider_find("nope") && !provider_find(""), "other prefixes are none");
    is(json_string_value(json_object_get(git, "id")), "git", "/api/repoproviders lists it");
    ok(json_is_true(json_object_get(json_object_get(git, "repo"), "urlEncode")), "its address is percent-encoded");
    is(json_string_value(json_object_get(json_object_get(git, "ref"), "default")), "HEAD", "its default ref is HEAD");
    is(json_string_value(json_object_get(json_object_get(git, "spec"), "validateRegex")), "[^/]+/.+",
       "and the form checks what contract 1.5 says");
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

int main(void)
{
    table();
    grammar();
    scp();
    exact();
    malformed();
    return tap_end();
}
