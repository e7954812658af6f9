/* Lane `layers`: what is written for requirements.txt, apt.txt, postBuild, start, and when it is installed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"
#include "description.h"
#include "golden.h"
#include "plan/explain.h"
#include "plan/requirements.h"
#include "tap.h"

static struct description d;
static struct plan *plan;
static struct err e;

static bool make(const char *const *pairs)
{
    description_of(&d, pairs);
    return plan_make(&plan, &d.repo, &description_settings, &e) == 0;
}

static void image_is(size_t image, const char *name, const char *sentence)
{
    golden(plan->images[image].added[0].bytes, plan->images[image].added[0].len, name, sentence);
}

static void whole(void)
{
    const char *pairs[] = {"apt.txt",
                           "# why\ntree\n\n file # x\r\ntree\ng++=4:14.2.0-1\n",
                           "index.ipynb",
                           "{}",
                           "postBuild",
                           "#!/bin/bash\n",
                           "requirements.txt",
                           "six>=1 # x\n\nnumpy[a,b]==1.*; python_version<'4'\n",
                           "start",
                           "#!/bin/sh\n",
                           "runtime.txt",
                           "python-3.13\n",
                           NULL};

    if (!ok(make(pairs), "requirements, packages, postBuild and start are taken"))
        return;
    is(plan->pack, "PythonBuildPack", "as a Python repository");
    is_number((long long)plan->n_images, 2, "in two images");
    image_is(0, "environment.Dockerfile", "the environment installs sorted packages, then requirements with uv");
    ok(!plan->images[0].with_tree, "without the tree");
    is(plan->images[0].added[1].path, "requirements.txt", "beside it lies only requirements.txt");
    is_number((long long)plan->images[0].n_added, 2, "so that its key does not change with the content");
    image_is(1, "content.Dockerfile", "the content is the tree, postBuild and start");
    ok(plan->images[1].with_tree && str_is(plan->images[1].tree_at, "src/"), "in a folder where our Dockerfile is not");
    ok(!plan->images[1].ignore, "no rules leave anything out");
    plan_free(&plan);
}

static void one_image(void)
{
    const char *empty[] = {"requirements.txt", "# nothing\n\n", NULL};
    const char *local[] = {".binder/requirements.txt",
                           "-e .\n",
                           ".binder/postBuild",
                           "x",
                           ".binder/.dockerignore",
                           "a",
                           ".binder/.containerignore",
                           "b\n",
                           NULL};
    const char *package[] = {"requirements.txt", "git+https://example.com/a\n", "setup.py", "", NULL};

    ok(make(empty) && plan->n_images == 1, "empty requirements need no environment of their own");
    image_is(0, "plain.Dockerfile", "nor anything but a copy");
    plan_free(&plan);
    ok(make(local) && plan->n_images == 1, "lines that name files of the repository are installed over its content");
    image_is(0, "local.Dockerfile", "with pip, before postBuild");
    is(plan->images[0].ignore, "a\nb\n", "rules come from both files of the folder that counts");
    plan_free(&plan);
    ok(make(package) && plan->n_images == 2, "a package's requirements do not need its content");
    image_is(0, "pip.Dockerfile", "lines that are not plain are pip's alone");
    image_is(1, "package.Dockerfile", "the package itself is installed from the tree");
    plan_free(&plan);
}

static const struct {
    const char *text;
    bool any, local, plain;
} lines[] = {
    {"", false, false, true},
    {"# -r x\n", false, false, true},
    {"six", true, false, true},
    {"a.b_c-d [x, y]  >= 1.0, != 1.1, ~= 1.0rc1+local ; python_version < \"3.9\" and os_name == 'posix'", true, false,
     true},
    {"six==1.*\r\nnumpy(>1)", true, false, true},
    {"six===1", true, false, false},
    {"six\\\n>1", true, false, false},
    {"six @ https://example.com/six.whl", true, false, false},
    {"${X}", true, false, false},
    {"six>1;`id`", true, false, false},
    {"six==1 --hash=sha256:00 \\\n  --hash=sha256:01", true, false, false},
    {"-r \\\n  x.txt", true, true, false},
    {"six \\\n  # no comment inside\n>1", true, false, false},
    {"pkg @ git+ssh://git@example.com/x@v1#subdirectory=a", true, false, false},
    {"--no-binary :all:", true, false, false},
    {"s\xc3\xafx", true, false, false},
    {"--pre", true, false, false},
    {"--pre ./x", true, false, false},
    {"-r x.txt", true, true, false},
    {"-c x.txt", true, true, false},
    {"--requirement=x", true, true, false},
    {"--constraint x", true, true, false},
    {"-e .", true, true, false},
    {"-e git+https://example.com/x", true, false, false},
    {"--editable=./x", true, true, false},
    {"--extra-index-url=./x", true, true, false},
    {"--extra-index-url https://x/simple", true, false, false},
    {"-f ./wheels", true, true, false},
    {"-e", true, false, false},
    {"./x", true, true, false},
    {"../x.whl", true, true, false},
    {"x @ file:///x", true, true, false},
    {"git://../x", true, true, false},
    {"git+https://x/y", true, false, false},
    {"x # ./y", true, false, true},
};

static void requirements(void)
{
    const char utf16[] = "\xff\xfe"
                         "-\0e\0 \0.\0\n\0=\xd8\x80\xdc";
    cleanup_buf struct buf text = BUF_OF(100);

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct requirements look = requirements_look(slice_of(lines[i].text));

        ok(look.any == lines[i].any && look.local == lines[i].local && look.plain == lines[i].plain,
           "requirements.txt with \"%.*s\"", (int)strcspn(lines[i].text, "\r\n#"), lines[i].text);
    }
    requirements_as_utf8(&text, (struct slice){utf16, sizeof utf16 - 1});
    is(buf_text(&text), "-e .\n\xf0\x9f\x92\x80", "UTF-16 is read as pip reads it");
}

static const struct {
    const char *line, *part;
} packages[] = {
    {"a;id", ":1: Found invalid package name \"a;id\""},
    {"$(id)", "invalid package"},
    {"Tree", "invalid package"},
    {"a b", "invalid package"},
    {"-o", "invalid package"},
    {"a/stable", "invalid package"},
    {"a*", "invalid package"},
    {"tree=", "invalid package"},
    {"tree=~x", "invalid package"},
    {"tree=1 2", "invalid package"},
    {"ok\n\n#\nbad-\n", "apt.txt:4:"},
    {"a\\\nb", ":1:"},
};

static void apt(void)
{
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        const char *pairs[] = {"apt.txt", packages[i].line, "requirements.txt", "", NULL};

        if (!ok(!make(pairs) && e.code == ERR_PLAN_FILE && strstr(e.text, packages[i].part), "apt.txt with \"%.*s\"",
                (int)strcspn(packages[i].line, "\n"), packages[i].line))
            printf("# got: %s\n", e.text);
    }
}

static void limits(void)
{
    const char *pairs[] = {"requirements.txt", "six", NULL};
    struct plan_settings dockerfile_only = description_settings;

    description_of(&d, pairs);
    d.repo.n_texts = 0;
    ok(plan_make(&plan, &d.repo, &description_settings, &e) < 0 && e.code == ERR_TOO_LARGE,
       "a configuration file without its text was too large");
    description_of(&d, pairs);
    dockerfile_only.lanes = 1u << PLAN_DOCKERFILE;
    ok(plan_make(&plan, &d.repo, &dockerfile_only, &e) < 0 && e.code == ERR_PLAN_NO_LANE, "a lane may be off");
    is(e.text,
       "requirements.txt asks for a Python environment, which this Ringbinder does not make. What works here: a "
       "Dockerfile.",
       "and the sentence says what is left");
    ok(plan_wants("binder/apt.txt") && plan_wants("pyproject.toml") && plan_wants("Dockerfile"),
       "configuration files are wanted");
    ok(!plan_wants("binder/pyproject.toml") && !plan_wants("x/apt.txt") && !plan_wants("binder/x/apt.txt") &&
           !plan_wants("postBuild"),
       "what is not read is not");
}

static void explained(void)
{
    const char *pairs[] = {"apt.txt", "tree", "requirements.txt", "six\n", NULL},
               *conda[] = {"environment.yml", "", NULL};
    cleanup_buf struct buf first = BUF_OF(100000), second = BUF_OF(100000);
    json_t *json;

    ok(make(pairs) && plan_explain_json(&first, plan), "a plan is printed as JSON");
    plan_free(&plan);
    ok(make(pairs) && plan_explain_json(&second, plan), "made again");
    is(buf_text(&first), buf_text(&second), "it is the same, byte for byte");
    json = json_loads(buf_text(&first), 0, NULL);
    is(json_string_value(json_object_get(json, "lane")), "layers", "its lane");
    is(json_string_value(json_object_get(json, "pack")), "PythonBuildPack", "its pack");
    is_number((long long)json_array_size(json_object_get(json, "images")), 2, "its images");
    is_number((long long)json_array_size(json_object_get(json, "steps")), (long long)plan->n_steps, "its steps");
    json_decref(json);
    buf_clear(&first);
    ok(plan_explain_text(&first, plan) && strstr(buf_text(&first), "1.  Install from Debian, as apt.txt says: tree."),
       "as text it is sentences");
    plan_free(&plan);
    buf_clear(&first);
    ok(!make(conda) && plan_explain_refusal_json(&first, &d.repo, &e), "a refusal is printed as JSON");
    json = json_loads(buf_text(&first), 0, NULL);
    is(json_string_value(json_object_get(json, "pack")), "CondaBuildPack", "with the pack");
    is(json_string_value(json_object_get(json, "code")), "RB1400", "the code");
    ok(json_is_null(json_object_get(json, "lane")), "no lane");
    is(json_string_value(json_object_get(json, "why")), e.text, "and the sentence");
    json_decref(json);
    buf_clear(&first);
    ok(plan_explain_refusal_text(&first, &d.repo, &e) && strstr(buf_text(&first), "CondaBuildPack"), "and as text");
}

int main(void)
{
    whole();
    one_image();
    requirements();
    apt();
    limits();
    explained();
    return tap_end();
}
