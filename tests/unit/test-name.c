/* Names by the vectors of contract 3.5 and 5.1. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/str.h"
#include "provider/name.h"
#include "tap.h"

#define PREFIX "registry.bids.mybinder.org/mybinder-builds/i-"
#define REF "596b52f10efb0c9befc0c4ae850cc5175297d71c"

static const struct {
    const char *slug, *ref, *image, *build;
} vectors[] = {
    {"binder-examples-requirements", REF, "binder-2dexamples-2drequirements-55ab5c:" REF,
     "build-binder-2dexamples-2drequirements-55ab5c-596-01"},
    {"binderhub-ci-repos-cached-minimal-dockerfile", REF,
     "binderhub-2dci-2drepos-2dcached-2dminimal-2ddockerfile-c90b2b:" REF,
     "build-binderhub-2dci-2drepos-2dcached-2dminimal-2-c90b2b-596-01"},
    {"Foo-Bar_baz", REF, "foo-2dbar-5fbaz-329ab2:" REF, "build-foo-2dbar-5fbaz-329ab2-596-01"},
    {"group-sub_-proj-repo", REF, "group-2dsub-5f-2dproj-2drepo-872cd4:" REF,
     "build-group-2dsub-5f-2dproj-2drepo-872cd4-596-01"},
    {"https://github.com/binder-examples/conda", REF,
     "https-3a-2f-2fgithub-2ecom-2fbinder-2dexamples-2fconda-3ffdf0:" REF,
     "build-https-3a-2f-2fgithub-2ecom-2fbinder-2dexamp-3ffdf0-596-01"},
    {"ssh://git@github.com/binder-examples/conda.git", REF,
     "ssh-3a-2f-2fgit-40github-2ecom-2fbinder-2dexamples-2fconda-2egit-720945:" REF,
     "build-ssh-3a-2f-2fgit-40github-2ecom-2fbinder-2de-720945-596-01"},
    {"zenodo-3242074", "3242074", "zenodo-2d3242074-b993d2:3242074", "build-zenodo-2d3242074-b993d2-324-ea"},
    {"dataverse-dvn-2ftjclkp", "3035124.v3.0", "dataverse-2ddvn-2d2ftjclkp-a1371f:3035124.v3.0",
     "build-dataverse-2ddvn-2d2ftjclkp-a1371f-303-21"},
};

static void images_and_builds(void)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char image[NAME_IMAGE_MAX + 1], build[NAME_BUILD_MAX + 1], want[NAME_IMAGE_MAX + 1];

        snprintf(want, sizeof want, "%s%s", PREFIX, vectors[i].image);
        ok(name_image(image, PREFIX, vectors[i].slug, vectors[i].ref), "an image of %s", vectors[i].slug);
        is(image, want, "has the contract's name");
        name_build(build, vectors[i].slug, vectors[i].ref);
        is(build, vectors[i].build, "and so has its build");
    }
}

static void bounds(void)
{
    char slug[1025] = "", image[NAME_IMAGE_MAX + 1], build[NAME_BUILD_MAX + 1], prefix[300] = "";

    memset(slug, '/', sizeof slug - 1);
    ok(name_image(image, "ringbinder/i-", slug, REF), "a long slug is cut");
    is_number((long long)strcspn(image, ":"), 255, "to 255 characters with its prefix");
    ok(str_starts(image, "ringbinder/i--2f-2f"), "from its end");
    name_build(build, slug, REF);
    ok(strlen(build) <= NAME_BUILD_MAX, "a build's name fits a DNS label");
    memset(prefix, 'p', sizeof prefix - 1);
    ok(!name_image(image, prefix, "s", REF), "a prefix that leaves no room is refused");
    ok(!name_image(image, "p", "s", slug), "so is a ref");
    ok(name_image(image, "A_b/i-", "s\n", "Tag_1"), "a control character is escaped");
    is(image, "a-b/i-s-a-cbc80b:tag-1", "without padding, and all is lower case without underscores");
}

static void user_is(const char *url, const char *want)
{
    char front[NAME_USER_FRONT_MAX + 1];

    name_user_front(front, url);
    is(front, want, url);
}

static void users(void)
{
    user_is("https://github.com/binderhub-ci-repos/cached-minimal-dockerfile", "binderhub-ci-re-imal-dockerfile-");
    user_is("10.7910/DVN/TJCLKP", "10.7910-dvn-tjclkp-");
    user_is("git@github.com:Foo/Bar_baz.git", "foo-bar_baz-");
    user_is("ssh://git@github.com/Foo/Bar_baz.git", "foo-bar_baz-");
    user_is("https://h/a?b#c", "a-");
    user_is("https://h//a//b//", "a--b-");
    user_is("https://h", "-");
    user_is("https://h/\xc3\xa9%2f @", "---2f---");
    user_is("https://h/12345678901234567890123456789012", "12345678901234567890123456789012-");
    user_is("https://h/123456789012345678901234567890123", "123456789012345-901234567890123-");
}

int main(void)
{
    images_and_builds();
    bounds();
    users();
    return tap_end();
}
