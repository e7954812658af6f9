/* Rules of .dockerignore: what they leave out. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/cleanup.h"
#include "base/mem.h"
#include "plan/ignore.h"
#include "tap.h"

static const struct {
    const char *rules, *path;
    bool left_out;
} vectors[] = {
    {"", "a", false},
    {"a", "a", true},
    {"a", "a/b/c", true},
    {"a", "b/a", false},
    {"a", "ab", false},
    {"/a", "a", true},
    {"./a/", "a", true},
    {"a//b/../c", "a/c", true},
    {"../a", "a", false},
    {"/", "a", false},
    {" a \r\n", "a", true},
    {"# a", "a", false},
    {"#a\n", "#a", false},
    {"\\#a", "#a", true},
    {"*", "a/b", true},
    {"*.md", "a.md", true},
    {"*.md", "x/a.md", false},
    {"*/*.md", "x/a.md", true},
    {"**/*.md", "a.md", true},
    {"**/*.md", "x/y/a.md", true},
    {"**/*.md", "x/y/a.mdx", false},
    {"a/**", "a/b/c", true},
    {"a/**", "a", false},
    {"**", "a", true},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"a**", "ax/y", true},
    {"?", "a", true},
    {"?", "ab", false},
    {"a?b", "a/b", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[^a-c]x", "dx", true},
    {"[\\]]", "]", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"*\n!a", "a", false},
    {"*\n!a", "b", true},
    {"*\n!a\na/x", "a/x", true},
    {"*\n!a\na/x", "a/y", false},
    {"!a\n*", "a", true},
    {"a\n! a/b", "a/b/c", false},
    {"a\n! a/b", "a/c", true},
    {".git", ".git/config", true},
    {".git", ".gitignore", false},
};

static struct err e;

/* On one line, as TAP wants it. */
static const char *shown(const char *rules)
{
    static char line[32];

    snprintf(line, sizeof line, "%s", rules);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '#')
            *c = '|';
    return line;
}

static void refused(const char *rules, const char *part)
{
    struct ignore *ignore;

    ok(ignore_new(&ignore, rules, &e) < 0 && e.code == ERR_PLAN_FILE && strstr(e.text, part), "%s is refused",
       shown(rules));
}

/* A backtracking matcher would not come back from this one. */
static void cost(void)
{
    cleanup_free char *rules = mem_zero(40001, 1), *path = mem_zero(4097, 1);
    cleanup_ignore struct ignore *ignore = NULL;

    for (size_t i = 0; i < 40000; i++)
        rules[i] = i % 3 == 2 ? 'a' : '*';
    rules[39999] = 'b';
    memset(path, 'a', 4096);
    ok(ignore_new(&ignore, rules, &e) == 0 && !ignore_matches(ignore, path), "a hostile pattern costs its length");
    ok(ignore_is_final(ignore), "without ! nothing comes back");
}

int main(void)
{
    cleanup_free char *long_rules = mem_zero(IGNORE_RULES_MAX + 2, 1);
    cleanup_ignore struct ignore *none = NULL;

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        cleanup_ignore struct ignore *ignore = NULL;

        ok(ignore_new(&ignore, vectors[i].rules, &e) == 0 &&
               ignore_matches(ignore, vectors[i].path) == vectors[i].left_out,
           "%s: %s is %s", shown(vectors[i].rules), vectors[i].path, vectors[i].left_out ? "left out" : "kept");
    }
    ok(ignore_new(&none, NULL, &e) == 0 && !ignore_matches(none, "a"), "no rules leave nothing out");
    refused("a\n!", "Line 2");
    refused("[a", "no pattern");
    refused("[]a]", "no pattern");
    refused("a\\", "no pattern");
    memset(long_rules, 'a', IGNORE_RULES_MAX + 1);
    refused(long_rules, "longer than");
    cost();
    return tap_end();
}
