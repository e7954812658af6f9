/* What RUN, COPY and ADD of a stranger's Dockerfile ask for in their flags. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/step_flags.h"

#include <ctype.h>
#include <stdio.h>

#include "wire/image_name.h"

#define SHOWN 80
#define CACHE_ID_MAX 4096

/* One flag of one instruction. */
struct place {
    const struct plan_draft *d;
    const struct dockerfile_instruction *in;
    struct slice flag; /* "mount=type=cache,..." */
};

static int shown(struct slice text)
{
    return text.len < SHOWN ? (int)text.len : SHOWN;
}

#define PLACE(p) (p)->d->found.file, (p)->in->first_line, shown((p)->in->word), (p)->in->word.at
#define FLAG(p) shown((p)->flag), (p)->flag.at

int step_image_check(const struct plan_draft *d, const struct dockerfile_instruction *in, struct slice word,
                     struct slice name, struct err *e)
{
    const struct place here = {d, in, word};
    const struct image_name_rules rules = {d->set->bases, d->set->hidden};
    enum image_name is = image_name_look(name, &rules);

    if (is == IMAGE_NAME_FREE)
        return 0;
    if (is == IMAGE_NAME_MALFORMED)
        return err_set(
            e, ERR_PLAN_IMAGE,
            "%s:%zu: %.*s %.*s: which image that is cannot be told before the build, and so not whose. Write "
            "the name, or give its ARG a default.",
            PLACE(&here), FLAG(&here));
    return err_set(e, ERR_PLAN_IMAGE,
                   "%s:%zu: %.*s names %.*s, %s. A Dockerfile can use images of registries and its own stages.",
                   PLACE(&here), FLAG(&here),
                   is == IMAGE_NAME_ID ? "the id of an image of this machine"
                                       : "an image that this machine made for itself or for another repository");
}

static int refuse_engine(const struct place *p, struct err *e)
{
    return err_set(
        e, ERR_PLAN_ENGINE,
        "%s:%zu: %.*s with the flag --%.*s needs a newer container engine than this Ringbinder has. Write it "
        "without, which works everywhere.",
        PLACE(p), FLAG(p));
}

static int refuse_step(const struct place *p, const char *why, struct err *e)
{
    return err_set(e, ERR_PLAN_STEP, "%s:%zu: %.*s --%.*s: %s.", PLACE(p), FLAG(p), why);
}

/* What a mount's value says; all keys but these are the engine's to judge. */
struct mount {
    struct slice type, from, id, target;
};

static bool read_mount(struct mount *m, struct slice value)
{
    if (value.len && memchr(value.at, '"', value.len))
        return false;
    while (value.len) {
        struct slice is = slice_cut(&value, ','), key = slice_cut(&is, '=');

        if (slice_is_nocase(key, "type"))
            m->type = is;
        else if (slice_is_nocase(key, "from"))
            m->from = is;
        else if (slice_is_nocase(key, "id"))
            m->id = is;
        else if (slice_is_nocase(key, "target") || slice_is_nocase(key, "dst") || slice_is_nocase(key, "destination"))
            m->target = is;
    }
    return true;
}

/* In characters that neither a flag's quotes nor a mount's commas can misread. */
static void add_safely(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c && c < 0x80 && (isalnum(c) || strchr("._/:@-${}", c)))
            buf_add_char(out, (char)c);
        else
            buf_add_format(out, "%%%02x", c);
    }
}

/* The later of two ids counts. */
static int own_cache(const struct place *p, const struct mount *m, size_t end, struct edit *edit, struct err *e)
{
    cleanup_buf struct buf id = BUF_OF(CACHE_ID_MAX);
    struct slice own = m->id.len ? m->id : m->target;

    buf_add_text(&id, ",id=");
    add_safely(&id, p->d->repo->url, strlen(p->d->repo->url));
    buf_add_char(&id, '@');
    add_safely(&id, p->d->repo->ref, strlen(p->d->repo->ref));
    buf_add_char(&id, ':');
    add_safely(&id, own.at, own.len);
    if (id.full)
        return refuse_step(p, "the id of that cache is too long", e);
    edit_insert(edit, end, (struct slice){buf_text(&id), id.len});
    return 0;
}

static int check_mount(const struct place *p, struct slice value, size_t end, struct edit *edit, struct err *e)
{
    struct mount m = {0};

    if (!read_mount(&m, value))
        return refuse_step(p, "quotes inside of a mount are not taken here", e);
    if (m.type.len && memchr(m.type.at, '$', m.type.len))
        return refuse_step(p, "a mount's type has to be written out", e);
    if (slice_is_nocase(m.type, "secret") || slice_is_nocase(m.type, "ssh"))
        return refuse_step(p, "builds here are handed no secrets, and the engine fails even where they are optional",
                           e);
    if (m.from.len && step_image_check(p->d, p->in, m.from, m.from, e) < 0)
        return -1;
    return slice_is_nocase(m.type, "cache") ? own_cache(p, &m, end, edit, e) : 0;
}

static int check_network(const struct place *p, struct slice value, struct err *e)
{
    if (!slice_is(value, "none") && !slice_is(value, "default"))
        return refuse_step(p, "a step of a build here is not let into this machine's own network", e);
    return p->d->set->heredoc ? 0 : refuse_engine(p, e);
}

static int check_flag(const struct place *p, size_t end, struct edit *edit, struct err *e)
{
    static const char *const newer[] = {"link", "checksum", "keep-git-dir"};
    struct slice value = p->flag, name = slice_cut(&value, '=');

    if (slice_is(name, "from"))
        return step_image_check(p->d, p->in, value, value, e);
    if (slice_is(name, "mount"))
        return check_mount(p, value, end, edit, e);
    if (slice_is(name, "network"))
        return check_network(p, value, e);
    if (slice_is(name, "security") || slice_is(name, "device"))
        return refuse_step(p, "a step of a build here gets no rights and no devices beyond the usual ones", e);
    for (size_t i = 0; !p->d->set->heredoc && i < sizeof newer / sizeof newer[0]; i++)
        if (slice_is(name, newer[i]))
            return refuse_engine(p, e);
    return 0;
}

int step_flags_check(const struct plan_draft *d, const struct dockerfile *reader,
                     const struct dockerfile_instruction *in, struct edit *edit, struct err *e)
{
    cleanup_buf struct buf flag = BUF_OF(PLAN_TEXT_MAX);
    struct slice word = in->word, rest = in->arguments;

    if (slice_is_nocase(word, "ONBUILD"))
        word = dockerfile_sub_instruction(&rest);
    if (!slice_is_nocase(word, "RUN") && !slice_is_nocase(word, "COPY") && !slice_is_nocase(word, "ADD"))
        return 0;
    while (dockerfile_flag(&flag, &rest)) {
        const struct place here = {d, in, {buf_text(&flag) + 2, flag.len - 2}};

        if (flag.len < 2 || check_flag(&here, dockerfile_offset(reader, rest.at), edit, e) < 0)
            return flag.len < 2 ? 0 : -1;
    }
    return 0;
}
