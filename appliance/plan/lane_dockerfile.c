/* Lane `dockerfile`: the repository's own Dockerfile, untouched where that is possible. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "plan/dockerfile.h"
#include "plan/edit.h"
#include "plan/expand.h"
#include "plan/ignore.h"
#include "plan/lane.h"
#include "plan/step_flags.h"

#define STAGES_MAX 256
#define BUNDLE_PATH ".ringbinder-ca.crt"                     /* in the context */
#define BUNDLE_IN_IMAGE "/usr/local/share/ringbinder-ca.crt" /* where no distribution has anything */
#define SHOWN 60
/* An engine takes time with the square of an instruction's length: 60 kB cost 5 s of its processor (20.10). */
#define INSTRUCTION_MAX ((size_t)16 << 10)
#define FILE_MAX ((size_t)256 << 10)

/* Decisions 26. WIRE_FETCH_ADDED_LINES lines (wire/fetch.h), so that the daemon can count them back. */
static const char insertion[] =
    "\nCOPY " BUNDLE_PATH " " BUNDLE_IN_IMAGE "\n"
    "ENV SSL_CERT_FILE=" BUNDLE_IN_IMAGE " PIP_CERT=" BUNDLE_IN_IMAGE " REQUESTS_CA_BUNDLE=" BUNDLE_IN_IMAGE
    " CURL_CA_BUNDLE=" BUNDLE_IN_IMAGE " NODE_EXTRA_CA_CERTS=" BUNDLE_IN_IMAGE " GIT_SSL_CAINFO=" BUNDLE_IN_IMAGE "\n";

struct name {
    char text[128];
};

/* One passage through a Dockerfile. */
struct passage {
    const struct plan_draft *d;
    struct dockerfile reader;
    struct dockerfile_instruction in;
    struct edit edit;
    struct expand arguments;
    struct name stages[STAGES_MAX]; /* those before, which FROM may name */
    size_t n_stages;
    size_t n_from;
    size_t n_inserted;
    struct buf added; /* plan.h */
};

static void passage_end(struct passage *p)
{
    dockerfile_close(&p->reader);
    expand_close(&p->arguments);
    buf_free(&p->added);
}

/* Whether the stage's base is neither scratch nor a stage before. */
static bool is_foreign(const struct passage *p, struct slice base)
{
    if (slice_is_nocase(base, "scratch"))
        return false;
    for (size_t i = 0; i < p->n_stages; i++)
        if (slice_is_nocase(base, p->stages[i].text))
            return false;
    return true;
}

static void note_stage(struct passage *p, struct slice rest)
{
    struct slice name;

    if (!slice_is_nocase(dockerfile_sub_instruction(&rest), "AS") || p->n_stages == STAGES_MAX)
        return;
    name = dockerfile_sub_instruction(&rest);
    if (name.len && name.len < sizeof p->stages[0].text)
        snprintf(p->stages[p->n_stages++].text, sizeof p->stages[0].text, "%.*s", (int)name.len, name.at);
}

/* FROM [--platform=...] base [AS name]. *foreign: whether the base is an image; then it may be named. */
static int note_from(bool *foreign, struct passage *p, struct err *e)
{
    cleanup_buf struct buf flag = BUF_OF(PLAN_TEXT_MAX), name = BUF_OF(EXPAND_WORD_MAX);
    struct slice rest = p->in.arguments, word, base;

    p->n_from++;
    while (dockerfile_flag(&flag, &rest))
        ;
    word = dockerfile_sub_instruction(&rest);
    if (!expand_word(&name, &p->arguments, word, p->reader.escape))
        buf_clear(&name);
    base = (struct slice){buf_text(&name), name.len};
    *foreign = is_foreign(p, base);
    if (*foreign && step_image_check(p->d, &p->in, word, base, e) < 0)
        return -1;
    note_stage(p, rest);
    return 0;
}

static bool is_instruction(struct slice word)
{
    static const char *const words[] = {"FROM",    "RUN", "CMD",     "LABEL",      "MAINTAINER",  "EXPOSE",
                                        "ENV",     "ADD", "COPY",    "ENTRYPOINT", "VOLUME",      "USER",
                                        "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_is_nocase(word, words[i]))
            return true;
    return false;
}

/* What this reader and the engine might read differently is refused: it could hide an instruction from one of them. */
static int check_syntax(const struct passage *p, struct err *e)
{
    const char *path = p->d->found.file;
    struct slice word = p->in.word;
    int shown = word.len < SHOWN ? (int)word.len : SHOWN;

    if (!is_instruction(word))
        return err_set(e, ERR_PLAN_FILE, "%s:%zu: \"%.*s\" is no instruction of a Dockerfile.", path, p->in.first_line,
                       shown, word.at);
    if (p->in.arguments.len > INSTRUCTION_MAX)
        return err_set(e, ERR_TOO_LARGE,
                       "%s:%zu: %.*s has more than %zu KiB, and the engine would take long to read it.", path,
                       p->in.first_line, shown, word.at, INSTRUCTION_MAX >> 10);
    /* Decisions 27: an engine of old says nothing that a reader could understand. */
    if (p->in.heredoc && !p->d->set->heredoc)
        return err_set(
            e, ERR_PLAN_ENGINE,
            "%s:%zu: %.*s with a heredoc (<<) needs a newer container engine than this Ringbinder has. Write "
            "it without, which works everywhere.",
            path, p->in.first_line, shown, word.at);
    if (p->in.uncertain && p->d->set->heredoc)
        return err_set(e, ERR_PLAN_FILE,
                       "%s:%zu: %.*s has \"<<\" on a line with a backslash, a list, a carriage return, an expansion or "
                       "letters that not every engine reads the same way. Write one of them on a line of its own.",
                       path, p->in.first_line, shown, word.at);
    return 0;
}

/* Decisions 26. */
static int insert_bundle(struct passage *p, struct err *e)
{
    bool ends = p->edit.text.at[p->in.end - 1] == '\n';

    if (p->in.unended)
        return err_set(e, ERR_PLAN_FILE, "%s:%zu: this FROM goes on at the end of its line, and the file ends.",
                       p->d->found.file, p->in.first_line);
    edit_insert(&p->edit, p->in.end, slice_from(slice_of(insertion), ends));
    buf_add_format(&p->added, "%s%zu", p->n_inserted ? " " : "", p->reader.line);
    p->n_inserted++;
    return 0;
}

static int take_instruction(struct passage *p, struct err *e)
{
    struct slice word = p->in.word;
    bool foreign = false;

    if (check_syntax(p, e) < 0)
        return -1;
    if (slice_is_nocase(word, "ARG") && !p->n_from)
        expand_note(&p->arguments, p->in.arguments, p->reader.escape);
    if (!slice_is_nocase(word, "FROM"))
        return step_flags_check(p->d, &p->reader, &p->in, &p->edit, e);
    if (note_from(&foreign, p, e) < 0)
        return -1;
    return foreign && p->d->set->ca_bundle.len ? insert_bundle(p, e) : 0;
}

/* Reads all of it; with what is changed it is in p->edit. */
static int go_through(struct passage *p, struct err *e)
{
    const char *path = p->d->found.file;

    dockerfile_open(&p->reader, p->edit.text);
    while (dockerfile_next(&p->in, &p->reader))
        if (take_instruction(p, e) < 0)
            return -1;
    edit_end(&p->edit);
    if (p->n_inserted && p->n_from > STAGES_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s has more than %d stages.", path, STAGES_MAX);
    return p->edit.out->full ? err_set(e, ERR_TOO_LARGE, "%s is too large.", path) : 0;
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

static void say(const struct passage *p, struct plan_draft *d, bool neutralised)
{
    const char *file = d->found.file;
    size_t n_caches = p->edit.n - p->n_inserted;

    snprintf(d->plan.why, sizeof d->plan.why, "%s is there, which decides before everything else.", file);
    if (neutralised)
        draft_step(d, "Take the directive \"syntax\" out of %s: builds here use the engine's own frontend.", file);
    if (p->n_inserted)
        draft_step(d, "Add this machine's certificates behind %zu FROM of %s.", p->n_inserted, file);
    if (n_caches)
        draft_step(d, "Give %zu cache mounts of %s ids of this commit: no other build may write into them.", n_caches,
                   file);
    draft_step(d, "Build %s with the whole repository%s.", file,
               d->plan.images[0].ignore ? " but for what its ignore rules leave out" : "");
}

int lane_dockerfile(struct plan_draft *d, struct err *e)
{
    cleanup_buf struct buf safe = BUF_OF(PLAN_TEXT_MAX + 2), written = BUF_OF(LANE_DOCKERFILE_MAX);
    CLEANUP(passage_end) struct passage p = {.d = d, .added = BUF_OF(STAGES_MAX * 8)};
    struct plan_image *image = &d->plan.images[0];
    bool neutralised, left_out;
    struct slice text;
    size_t len;

    if (files_text(&text, d->repo, d->found.file, e) < 0)
        return -1;
    if (text.len > FILE_MAX)
        return err_set(e, ERR_TOO_LARGE, "%s has more than %zu KiB.", d->found.file, FILE_MAX >> 10);
    if (dockerfile_neutralise(&safe, &neutralised, text, e) < 0)
        return -1;
    p.edit = (struct edit){.out = &written, .text = {buf_text(&safe), safe.len}};
    if (go_through(&p, e) < 0)
        return -1;
    *image = (struct plan_image){.dockerfile = d->found.file, .with_tree = true, .tree_at = ""};
    d->plan.n_images = 1;
    if (find_rules(&left_out, d, e) < 0)
        return -1;
    len = written.len;
    if (neutralised || p.edit.n || left_out)
        draft_add(d, d->found.file, draft_keep(d, &written), len);
    if (p.n_inserted) {
        draft_add(d, BUNDLE_PATH, d->set->ca_bundle.at, d->set->ca_bundle.len);
        d->plan.added = draft_keep(d, &p.added);
    }
    say(&p, d, neutralised);
    return 0;
}
