/* Paths: dot segments in every spelling are refused, names that only look like them are not. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/path.h"

#include "tap.h"

static void plain(const char *path)
{
    ok(http_path_is_plain(slice_of(path)), "%s means one thing", path);
}

static void tricky(const char *path)
{
    ok(!http_path_is_plain(slice_of(path)), "%s is refused", path);
}

int main(void)
{
    plain("/");
    plain("/user/a-b.c_d~e/lab/tree/x.ipynb");
    plain("/a//b/");
    plain("/...");
    plain("/.hidden/a..b/..c/d..");
    plain("/a%2Fb%20c");
    plain("/100%25");
    plain("/100%25.ipynb");
    plain("/%252e%252ea");
    plain("/a;..");
    plain("/build/git/https%3A%2F%2Fexample.org%2Fx.git/HEAD");
    tricky("/.");
    tricky("/..");
    tricky("/a/./b");
    tricky("/a/../b");
    tricky("/a/..");
    tricky("/a/%2e%2e/b");
    tricky("/a/.%2E/b");
    tricky("/a/%2e/b");
    tricky("/a%2f..%2fb");
    tricky("/a/..%2fb");
    tricky("/a\\..\\b");
    tricky("/a%5c..%5Cb");
    tricky("/a/..;x=y/b");
    tricky("/a/..;/b");
    tricky("/a/%252e%252e/b");
    tricky("/a/%25252e./b");
    tricky("/a%252f%252e%252e%252fb");
    tricky("/%");
    tricky("/%4");
    tricky("/%zz");
    tricky("/a%00b");
    return tap_end();
}
