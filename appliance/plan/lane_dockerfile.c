/* Lane `dockerfile`: the repository's own Dockerfile, untouched where that is possible. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "base/mem.h"
#include "plan/dockerfile.h"
#include "plan/ignore.h"
#include "plan/lane.h"

#define STAGES_MAX 256
#define BUNDLE_PATH ".ringbinder-ca.crt"                     /* in the context */
#define BUNDLE_IN_IMAGE "/usr/local/share/ringbinder-ca.crt" /* where no distribution has anything */
#define SHOWN 60

/* Decisions 26. A line each, so that every stage's shift is the same. */
static const char insertion[] =
    "COPY " BUNDLE_PATH " " BUNDLE_IN_IMAGE "\n"
    "ENV SSL_CERT_FILE=" BUNDLE_IN_IMAGE " PIP_CERT=" BUNDLE_IN_IMAGE " REQUESTS_CA_BUNDLE=" BUNDLE_IN_IMAGE
    " CURL_CA_BUNDLE=" BUNDLE_IN_IMAGE " NODE_EXTRA_CA_CERTS=" BUNDLE_IN_IMAGE " GIT_SSL_CAINFO=" BUNDLE_IN_IMAGE "\n";

struct name {
    char text[128];
};

/* What FROM lines refer to: stages before, and the defaults of the arguments before the first of them. */
struct stages {
    struct name names[STAGES_MAX];
    size_t n;
    struct name arguments[STAGES_MAX], defaults[STAGES_MAX];
    size_t n_arguments;
    size_t n_from;
};

static struct slice unquoted(struct slice word)
{
    if (word.len >= 2 && (word.at[0] == '"' || word.at[0] == '\'') && word.at[word.len - 1] == word.at[0])
        return (struct slice){word.at + 1, word.len - 2};
    return word;
}

static void keep_name(struct name *to, struct slice text)
{
    snprintf(to->text, sizeof to->text, "%.*s", text.len < sizeof to->text ? (int)text.len : 0, text.at);
}

static void note_argument(struct stages *s, struct slice rest, char escape)
{
    struct slice value = dockerfile_word(&rest, escape), name = slice_cut(&value, '=');

    if (s->n_from || s->n_arguments == STAGES_MAX)
        return;
    keep_name(&s->arguments[s->n_arguments], name);
    keep_name(&s->defaults[s->n_arguments++], unquoted(value));
}

/* The base's name; an argument is followed to its default, which build arguments of ours never change. */
static struct slice resolve(const struct stages *s, struct slice base)
{
    struct slice name = base;

    base = name = unquoted(base);
    if (name.len < 2 || name.at[0] != '$')
        return base;
    name = slice_from(name, 1);
    if (name.at[0] == '{' && name.at[name.len - 1] == '}')
        name = (struct slice){name.at + 1, name.len - 2};
    for (size_t i = s->n_arguments; i > 0; i--)
        if (slice_is(name, s->arguments[i - 1].text))
            return slice_of(s->defaults[i - 1].text);
    return base;
}

/* Whether the stage's base is neither scratch nor a stage before. */
static bool is_foreign(const struct stages *s, struct slice base)
{
    if (slice_is_nocase(base, "scratch"))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (slice_is_nocase(base, s->names[i].text))
            return false;
    return true;
}

/* FROM [--platform=...] base [AS name] */
static bool note_from(struct stages *s, struct slice rest, char escape)
{
    struct slice word = dockerfile_word(&rest, escape);
    bool foreign;

    while (slice_starts(word, "--"))
        word = dockerfile_word(&rest, escape);
    foreign = is_foreign(s, resolve(s, word));
    s->n_from++;
    word = dockerfile_word(&rest, escape);
    if (slice_is_nocase(word, "AS") && s->n < STAGES_MAX)
        keep_name(&s->names[s->n++], dockerfile_word(&rest, escape));
    return foreign;
}

static bool has_link_flag(struct slice word, struct slice rest, char escape)
{
    if (slice_is_nocase(word, "ONBUILD"))
        word = dockerfile_word(&rest, escape);
    if (!slice_is_nocase(word, "COPY") && !slice_is_nocase(word, "ADD"))
        return false;
    for (;;) {
        struct slice flag = dockerfile_word(&rest, escape);

        if (!slice_starts(flag, "--"))
            return false;
        if (slice_is(slice_cut(&flag, '='), "--link"))
            return true;
    }
}

/* Decisions 27: an engine of old says nothing that a reader could understand. */
static int check_syntax(const struct dockerfile *reader, const struct dockerfile_instruction *in, const char *path,
                        struct err *e)
{
    const char *what = in->heredoc ? "a heredoc (<<)" : "the flag --link";

    if (!in->heredoc && !has_link_flag(in->word, in->arguments, reader->escape))
        return 0;
    return err_set(e, ERR_PLAN_ENGINE,
                   "%s:%zu: %.*s with %s needs a newer container engine than this Ringbinder has. Write it without, "
                   "which works everywhere.",
                   path, in->first_line, in->word.len < SHOWN ? (int)in->word.len : SHOWN, in->word.at, what);
}

/* Reads all of it; with a bundle, adds it to `out` with the insertions, and their count to *n. */
static int go_through(struct buf *out, size_t *n, const struct plan_draft *d, struct slice text, struct err *e)
{
    cleanup_free struct stages *stages = mem_zero(1, sizeof *stages);
    cleanup_dockerfile struct dockerfile reader;
    struct dockerfile_instruction in;
    size_t written = 0;

    dockerfile_open(&reader, text);
    while (dockerfile_next(&in, &reader)) {
        if (!d->set->heredoc && check_syntax(&reader, &in, d->found.file, e) < 0)
            return -1;
        if (slice_is_nocase(in.word, "ARG"))
            note_argument(stages, in.arguments, reader.escape);
        if (!slice_is_nocase(in.word, "FROM") || !note_from(stages, in.arguments, reader.escape) ||
            !d->set->ca_bundle.len)
            continue;
        buf_add(out, text.at + written, in.end - written);
        if (text.at[in.end - 1] != '\n')
            buf_add_char(out, '\n');
        buf_add_text(out, insertion);
        written = in.end;
        ++*n;
    }
    buf_add(out, text.at + written, text.len - written);
    if (*n && stages->n_from > STAGES_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s has more than %d stages.", d->found.file, STAGES_MAX);
    return out->full ? err_set(e, ERR_TOO_LARGE, "%s is too large.", d->found.file) : 0;
}

/* They are in a file of the Dockerfile's own name, else in the root's .dockerignore, as for `docker build`. *left_out:
 * whether they leave out the Dockerfile, which the engine needs all the same. */
static int find_rules(bool *left_out, struct plan_draft *d, struct err *e)
{
    struct plan_image *image = &d->plan.images[0];
    char own[FILES_PATH_MAX];
    const char *names[] = {".dockerignore", NULL};
    cleanup_ignore struct ignore *rules = NULL;

    snprintf(own, sizeof own, "%.40s.dockerignore", d->found.file);
    if (files_has(d->repo, own))
        names[0] = own;
    if (draft_ignore(&image->ignore, d, names, e) < 0 || ignore_new(&rules, image->ignore, e) < 0)
        return -1;
    *left_out = ignore_matches(rules, d->found.file);
    return 0;
}

static void say(struct plan_draft *d, bool neutralised, size_t n_inserted)
{
    snprintf(d->plan.why, sizeof d->plan.why, "%s is there, which decides before everything else.", d->found.file);
    if (neutralised)
        draft_step(d, "Take the directive \"syntax\" out of %s: builds here use the engine's own frontend.",
                   d->found.file);
    if (n_inserted)
        draft_step(d,
                   "Add this machine's certificates behind %zu FROM of %s, two lines each; line numbers in errors "
                   "count them.",
                   n_inserted, d->found.file);
    draft_step(d, "Build %s with the whole repository%s.", d->found.file,
               d->plan.images[0].ignore ? " but for what its ignore rules leave out" : "");
}

int lane_dockerfile(struct plan_draft *d, struct err *e)
{
    cleanup_buf struct buf safe = BUF_OF(PLAN_TEXT_MAX + 2), written = BUF_OF(LANE_DOCKERFILE_MAX);
    struct plan_image *image = &d->plan.images[0];
    bool neutralised, left_out;
    struct slice text;
    size_t n_inserted = 0, len;

    if (files_text(&text, d->repo, d->found.file, e) < 0 || dockerfile_neutralise(&safe, &neutralised, text, e) < 0 ||
        go_through(&written, &n_inserted, d, (struct slice){buf_text(&safe), safe.len}, e) < 0)
        return -1;
    *image = (struct plan_image){.dockerfile = d->found.file, .with_tree = true, .tree_at = ""};
    d->plan.n_images = 1;
    if (find_rules(&left_out, d, e) < 0)
        return -1;
    len = written.len;
    if (neutralised || n_inserted || left_out)
        draft_add(d, d->found.file, draft_keep(d, &written), len);
    if (n_inserted)
        draft_add(d, BUNDLE_PATH, d->set->ca_bundle.at, d->set->ca_bundle.len);
    say(d, neutralised, n_inserted);
    return 0;
}
