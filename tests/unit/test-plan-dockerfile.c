/* Lane `dockerfile`: directives, heredocs, stages, certificates, ignore rules. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/str.h"
#include "description.h"
#include "golden.h"
#include "plan/dockerfile.h"
#include "tap.h"

#define CA "-----BEGIN CERTIFICATE-----\n"

static struct err e;

/* What stands in place of the repository's Dockerfile; NULL where it is left untouched, "" where it is refused. */
static const char *planned(const char *text, bool heredoc, const char *ca)
{
    static char kept[GOLDEN_MAX];
    const char *pairs[] = {"Dockerfile", text, NULL};
    struct plan_settings set = description_settings;
    struct description d;
    struct plan *plan;

    set.heredoc = heredoc;
    set.ca_bundle = slice_of(ca);
    description_of(&d, pairs);
    if (plan_make(&plan, &d.repo, &set, &e) < 0)
        return "";
    kept[0] = '\0';
    if (plan->images[0].n_added)
        snprintf(kept, sizeof kept, "%.*s", (int)plan->images[0].added[0].len, plan->images[0].added[0].bytes);
    text = plan->images[0].n_added ? kept : NULL;
    plan_free(&plan);
    return text;
}

/* "FROM x", and an ENV with a word of `len` bytes, `times` over. */
static const char *with_long_words(size_t len, size_t times)
{
    static char text[300 << 10];
    size_t at = (size_t)sprintf(text, "FROM x\n");

    while (times--) {
        at += (size_t)sprintf(text + at, "ENV a=");
        memset(text + at, 'b', len);
        at += len;
        text[at++] = '\n';
    }
    text[at] = '\0';
    return text;
}

/* An engine reads an instruction in a time that grows with its square. */
static void lengths(void)
{
    is(planned(with_long_words(16000, 1), false, ""), NULL, "an instruction may be long");
    is(planned(with_long_words(17000, 1), false, ""), "", "but not longer than an engine reads in no time");
    is(e.text, "Dockerfile:2: ENV has more than 16 KiB, and the engine would take long to read it.", "which is said");
    is(planned(with_long_words(16000, 17), false, ""), "", "nor may there be many of them");
    is(e.text, "Dockerfile has more than 256 KiB.", "which is said, too");
}

static const struct {
    const char *text, *want, *sentence;
} directives[] = {
    {"FROM x\n", NULL, "a Dockerfile without directives is left untouched"},
    {"# syntax=docker/dockerfile:1\nFROM x\n", "#\nFROM x\n", "the directive becomes a bare comment"},
    {"#syntax=a", "#\n", "also as the last line without a newline"},
    {"#\tSyNtAx \t=  a\r\nFROM x\r\n", "#\nFROM x\r\n", "blanks, case and carriage returns do not hide it"},
    {"\xef\xbb\xbf# syntax=a\nFROM x\n", "#\nFROM x\n", "nor does a byte order mark"},
    {"#!/usr/bin/env x\n# syntax=a\nFROM x\n", "#!/usr/bin/env x\n#\nFROM x\n", "nor a first line #!"},
    {"//syntax=a\nFROM x\n", "#\nFROM x\n", "nor slashes in place of #"},
    {"#!x\n// syntax = a\nFROM x\n", "#!x\n#\nFROM x\n", "nor both"},
    {"# syntax=a\n# escape=`\nFROM x\n", "# escape=`\n#\nFROM x\n", "the escape directive stays a directive"},
    {"# escape=`\n# syntax=a\nFROM x\n", "# escape=`\n#\nFROM x\n", "in front as well"},
    {"# check=skip=all\n# unknown=1\n# syntax=a\n# syntax=b\nFROM x\n", "# check=skip=all\n# unknown=1\n#\n#\nFROM x\n",
     "others stay in front of it, and each is found"},
    {"# unknown= \n# syntax=a\nFROM x\n", "# unknown= \n#\nFROM x\n", "a value of blanks is one"},
    {"# a comment\n# syntax=a\nFROM x\n", NULL, "behind a comment there are no directives"},
    {"\n# syntax=a\nFROM x\n", NULL, "nor behind a blank line"},
    {"# a b=c\n# syntax=a\nFROM x\n", NULL, "a key is one word"},
    {"FROM x\n# syntax=a\n", NULL, "nor behind an instruction"},
    {"# syntaxx=a\nFROM x\n", NULL, "another key is another key"},
    {"{\"syntax\": \"evil\"}\n", "", "a JSON object is refused"},
    {"#!x\n {\"syntax\": \"evil\"}\n", "", "also behind a line #!"},
};

static void neutralise(void)
{
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        is(planned(directives[i].text, true, ""), directives[i].want, directives[i].sentence);
}

static void old_engine(const char *text, const char *part, const char *sentence)
{
    const char *got = planned(text, false, "");

    if (!part)
        ok(!got, "%s", sentence);
    else if (!ok(got && !*got && e.code == ERR_PLAN_ENGINE && strstr(e.text, part), "%s", sentence))
        printf("# got: %s\n", got ? e.text : "taken");
    ok(!planned(text, true, ""), "which a newer engine takes");
}

static void syntax(void)
{
    old_engine("FROM x\nRUN <<EOF\nx\nEOF\n", "Dockerfile:2: RUN with a heredoc", "a heredoc is refused");
    old_engine("FROM x\n\n# x\nRUN a && \\\n  cat <<-'E' >f\nx\n\tE\n",
               "Dockerfile:4:", "with the line where it begins");
    old_engine("FROM x\nCOPY 3<<\"E\" /x\nE\n", "COPY with a heredoc", "so is one of COPY");
    old_engine("FROM x\nONBUILD RUN <<E\nE\n", "ONBUILD with a heredoc", "and one behind ONBUILD");
    old_engine("FROM x\nCOPY --chown=1 --link a b\n", "--link", "so is COPY --link");
    old_engine("FROM x\nadd --link=true a b\n", "add with the flag --link", "and ADD --link");
    old_engine("FROM x\nRUN x <<<word\n", NULL, "a here string is the shell's");
    old_engine("FROM x\nRUN echo '<<EOF'\n", NULL, "what is quoted is no heredoc");
    old_engine("FROM x\nRUN echo a<<EOF\n", NULL, "nor what is behind a letter");
    old_engine("FROM x\n# RUN <<EOF\nRUN a \\\n# <<EOF\n\n  b\n", NULL, "nor what is in a comment");
    old_engine("FROM x\nLABEL a=\"<<EOF\" b=<<EOF\n", NULL, "other instructions have none");
    old_engine("FROM x\nRUN echo --link\nCOPY a --link\n", NULL, "a flag stands in front");
}

/* How many stages of the text get the certificates. */
static void stages(const char *text, int want, const char *sentence)
{
    const char *got = planned(text, true, CA);
    int n = 0;

    for (const char *at = got; at && (at = strstr(at, "COPY .ringbinder-ca.crt")); at++)
        n++;
    is_number(n, want, sentence);
}

static void certificates(void)
{
    const char *got = planned("# escape=`\r\nARG TAG=1\nfrom `\n# why\n  --platform=linux/amd64 x:$TAG as One\n"
                              "FROM one AS two\nFROM scratch\nCOPY --from=two / /\nFROM z",
                              true, CA);

    golden(got, strlen(got), "certificates.Dockerfile", "certificates go behind each FROM of a foreign image");
    stages("FROM x\n", 1, "one stage");
    stages("FROM SCRATCH\n", 0, "scratch in any case has no use for them");
    stages("FROM x AS a\nFROM A\n", 1, "a stage before has them already");
    stages("FROM b AS a\nFROM x AS b\n", 2, "a stage behind is an image's name");
    stages("ARG BASE=scratch\nFROM $BASE\n", 0, "an argument's default is followed");
    stages("ARG BASE=\"a\"\nFROM x AS a\nFROM ${BASE}\n", 1, "in braces and quotes, too");
    stages("ARG BASE=scratch\nFROM x\nARG BASE=y\nFROM ${BASE}\n", 1, "one behind a FROM is another");
    stages("FROM x\nRUN a \\\nFROM y\n", 1, "a continued line is no FROM");
    stages("FROM x\nRUN a \\\\\nFROM y\n", 2, "two escape characters are none");
    stages("FROM x\nRUN <<A <<-B\nFROM y\nA\n FROM y\n\tB\nFROM z\n", 2, "nor is a line of a heredoc");
    stages("FROM x\nRUN <<A\nFROM y\n", 1, "nor one of a heredoc that does not end");
    is(planned("FROM x \\\n\n", true, CA), "", "one that does not end would swallow them, and is refused");
    ok(!planned("FROM x\n", true, ""), "without certificates nothing is added");
    stages("", 0, "an empty Dockerfile is BuildKit's to refuse");
}

static void rules(void)
{
    const char *own[] = {
        ".dockerignore", "a", "binder/Dockerfile", "FROM x", "binder/Dockerfile.dockerignore", "b", NULL};
    const char *root[] = {".dockerignore", "a\n*file", "Dockerfile", "FROM x", NULL};
    const char *bad[] = {".dockerignore", "a\n[", "Dockerfile", "FROM x", NULL};
    struct description d;
    struct plan *plan;

    description_of(&d, own);
    ok(plan_make(&plan, &d.repo, &description_settings, &e) == 0, "a Dockerfile in binder/ is taken");
    is(plan->images[0].dockerfile, "binder/Dockerfile", "where it lies");
    is(plan->images[0].tree_at, "", "with the whole tree as context");
    is(plan->images[0].ignore, "b\n", "rules of its own name go before the root's");
    plan_free(&plan);
    description_of(&d, root);
    ok(plan_make(&plan, &d.repo, &description_settings, &e) == 0 && plan->images[0].n_added == 1,
       "a Dockerfile that the rules leave out is sent all the same");
    plan_free(&plan);
    description_of(&d, bad);
    ok(plan_make(&plan, &d.repo, &description_settings, &e) < 0 && e.code == ERR_PLAN_FILE && strstr(e.text, "Line 2"),
       "a malformed rule is told with its line");
}

static void bounds(void)
{
    size_t len = 200 * 1024;
    cleanup_free char *many = mem_zero(len + 1, 1), *words = mem_zero(len + 1, 1);

    for (size_t i = 0; i + 7 <= len; i += 7)
        memcpy(many + i, "FROM x\n", 7);
    is(planned(many, true, CA), "", "certificates for too many stages are refused");
    is_number(e.code, ERR_TOO_LARGE, "as too large");
    ok(!planned(many, true, ""), "without them that is BuildKit's business");
    strcpy(words, "FROM x\nRUN");
    for (size_t i = 10; i + 6 <= len; i += 6)
        memcpy(words + i, " <<E\\\n", 6);
    is(planned(words, true, ""), "", "a line of ever more heredocs is refused for its length");
}

int main(void)
{
    lengths();
    neutralise();
    syntax();
    certificates();
    rules();
    bounds();
    return tap_end();
}
