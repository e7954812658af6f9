/* Lane `dockerfile`: whose images it names, secrets, caches, and tricks to hide that from the reader. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"
#include "base/str.h"
#include "description.h"
#include "plan/dockerfile.h"
#include "tap.h"

#define HIDDEN "ringbinder/i-victim:1"
#define STAGE "FROM scratch\n"

static struct err e;

/* ERR_NONE: taken. */
static enum err_code outcome(const char *text, size_t len, bool heredoc)
{
    struct plan_settings set = description_settings;
    struct description d = {0};
    struct plan *plan;

    set.heredoc = heredoc;
    set.bases = slice_of("ringbinder/debian:1 ringbinder/latest");
    set.hidden = slice_of("docker.io/other/prefix- plain-");
    d.repo.names = d.names;
    description_add(&d, "Dockerfile", text, len);
    if (plan_make(&plan, &d.repo, &set, &e) < 0)
        return e.code;
    plan_free(&plan);
    return ERR_NONE;
}

struct vector {
    const char *text;
    enum err_code want;
    const char *part; /* of the sentence */
};

static void try(const struct vector *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum err_code got = outcome(v[i].text, strlen(v[i].text), true);

        if (!ok(got == v[i].want && (!v[i].part || strstr(e.text, v[i].part)), "%.*s (%s)",
                (int)strcspn(v[i].text, "\n"), v[i].text, strchr(v[i].text, '\n') ? strchr(v[i].text, '\n') + 1 : ""))
            printf("# got %d: %s\n", got, got ? e.text : "taken");
    }
}
#define TRY(vectors) try(vectors, sizeof(vectors) / sizeof(vectors)[0])

/* Each of the refused ones was an image's content in another's build on Engine 20.10, if its name was in lower case. */
static const struct vector names[] = {
    {"FROM " HIDDEN "\n", ERR_PLAN_IMAGE, "Dockerfile:1: FROM names ringbinder/i-victim:1, an image that this machine"},
    {"FROM RingBinder/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"FROM docker.io/" HIDDEN "\n", ERR_PLAN_IMAGE, NULL},
    {"FROM index.docker.io/" HIDDEN "\n", ERR_PLAN_IMAGE, NULL},
    {"FROM localhost/" HIDDEN "\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ringbinder/env:0123\n", ERR_PLAN_IMAGE, NULL},
    {"FROM other/prefix-x\n", ERR_PLAN_IMAGE, NULL},
    {"FROM docker.io/library/plain-x\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ringbinder/debian:1\n", ERR_NONE, NULL},
    {"FROM docker.io/ringbinder/debian:1\n", ERR_NONE, NULL},
    {"FROM ringbinder/latest:latest\n", ERR_NONE, NULL},
    {"FROM ringbinder/debian:12\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ringbinder/debian:1@sha256:aa\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ghcr.io/ringbinder/x\n", ERR_NONE, NULL},
    {"FROM python:3.11@sha256:0123456789012345678901234567890123456789012345678901234567890123\n", ERR_NONE, NULL},
    {"FROM 411f567db2fa\n", ERR_PLAN_IMAGE, "the id of an image"},
    {"FROM sha256:411f567db2fa04c7abea073a1d448b6191e9eac6de576a803cd3bddfbcbd8288\n", ERR_PLAN_IMAGE, "the id"},
    {"FROM scratch\n", ERR_NONE, NULL},
    {"FROM\n", ERR_PLAN_IMAGE, NULL},
    {"FROM --platform=linux/amd64 " HIDDEN " AS a\n", ERR_PLAN_IMAGE, NULL},
    {"FROM \"ring\"'binder'/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ring\\binder/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"# escape=`\nFROM ring`binder/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"FROM \\\n  " HIDDEN "\n", ERR_PLAN_IMAGE, NULL},
    {"from\t" HIDDEN "\r\n", ERR_PLAN_IMAGE, NULL},
    {"\xc2\xa0"
     "FROM " HIDDEN "\n",
     ERR_PLAN_IMAGE, NULL},
    {"\xe3\x80\x80"
     "FROM " HIDDEN "\n",
     ERR_PLAN_IMAGE, NULL},
    {"\xe2\x80\x8b"
     "FROM " HIDDEN "\n",
     ERR_PLAN_FILE, "is no instruction"},
};

static const struct vector arguments[] = {
    {"ARG A=ringbinder\nFROM ${A}/i-victim\n", ERR_PLAN_IMAGE, "Dockerfile:2: FROM names ${A}/i-victim"},
    {"ARG A=ring B=binder\nFROM $A$B/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"ARG A=ring\nARG B=${A}binder\nFROM ${B}/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"ARG A\nFROM ${A:-ringbinder}/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"ARG A=1\nFROM ${A:+ringbinder}/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ${C:-${D:-ring}binder}/i-victim\n", ERR_PLAN_IMAGE, NULL},
    {"ARG A='ringbinder/'\nFROM \"${A}i-victim\"\n", ERR_PLAN_IMAGE, NULL},
    {"ARG A=\"x\nFROM ${A}/y\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"ARG A=x\nARG A\nFROM ${A:-ringbinder/i-victim}\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"ARG NB_USER=x\nFROM ${NB_USER}/x\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"FROM ${TARGETVARIANT:-ringbinder}/x\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"ARG X=1\xc2\xa0"
     "A=ringbinder\nFROM ${A:-alpine}/i-victim\n",
     ERR_PLAN_IMAGE, NULL},
    {"ARG A=ringbinderX\nFROM ${A%X}/i-victim\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"ARG A=ringbinderX\nFROM ${A/X/}/i-victim\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"ARG A\nFROM ${A-ringbinder}/i-victim\n", ERR_PLAN_IMAGE, "cannot be told"},
    {"FROM $\n", ERR_PLAN_IMAGE, NULL},
    {"FROM $1\n", ERR_PLAN_IMAGE, NULL},
    {"FROM ${A\n", ERR_PLAN_IMAGE, NULL},
    {"ARG VERSION=3.11\nARG KIND\nFROM python:${VERSION}${KIND:+-$KIND}\n", ERR_NONE, NULL},
    {"FROM --platform=$BUILDPLATFORM golang AS a-amd64\nFROM a-${TARGETARCH}\n", ERR_NONE, NULL},
    {"ARG A=1 B=2\nFROM x:$A-$B\n", ERR_NONE, NULL},
    {"FROM x\nARG A=ringbinder\nFROM ${A:-y}/z\n", ERR_NONE, NULL},
};

static const struct vector flags[] = {
    {STAGE "COPY --from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, "Dockerfile:2: COPY names ringbinder"},
    {STAGE "COPY --chown=1 --from=\"ringbinder\"/i-victim / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --from=411f567db2fa / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --from=$A / /\n", ERR_PLAN_IMAGE, NULL},
    {"# escape=`\n" STAGE "COPY --from=ring\\binder/i-victim / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --chown=1\x85--from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --chown=1\xa0--from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --chown=1\r--from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --chown=1\\\n\xc2\xa0\n --from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --chown=1\\\n  # why\n --from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "copy\v--from=" HIDDEN "\f/ /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "ONBUILD COPY --from=" HIDDEN " / /\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "COPY --from=0 / /\nCOPY --from=alpine:3 /etc /e\nCOPY --chown=1 --chmod=0755 a b\n", ERR_NONE, NULL},
    {STAGE "COPY a --from=" HIDDEN " b\n", ERR_NONE, NULL},
    {STAGE "RUN --mount=from=" HIDDEN ",target=/m true\n", ERR_PLAN_IMAGE, "Dockerfile:2: RUN names ringbinder"},
    {STAGE "RUN --mount=target=/m,FROM=" HIDDEN " true\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "RUN --mount=type=cache,target=/m --mount=type=bind,from=" HIDDEN ",target=/m true\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "RUN --mount='\"from=" HIDDEN "\"',target=/m true\n", ERR_PLAN_STEP, "quotes"},
    {STAGE "RUN --mount=from=$A,target=/m true\n", ERR_PLAN_IMAGE, NULL},
    {STAGE "RUN --mount=type=$A,target=/m true\n", ERR_PLAN_STEP, NULL},
    {STAGE "RUN --mount=type=secret,id=x true\n", ERR_PLAN_STEP, "Dockerfile:2: RUN --mount=type=secret,id=x: builds"},
    {STAGE "RUN --mount=id=x,type=SSH true\n", ERR_PLAN_STEP, "no secrets"},
    {STAGE "RUN --security=insecure true\n", ERR_PLAN_STEP, "no rights"},
    {STAGE "RUN --network=host true\n", ERR_PLAN_STEP, "network"},
    {STAGE "RUN --network=none true\n", ERR_NONE, NULL},
    {STAGE "RUN echo --mount=type=secret\n", ERR_NONE, NULL},
    {STAGE "FOO bar\n", ERR_PLAN_FILE, "Dockerfile:2: \"FOO\" is no instruction"},
};

/* Where a reader that finds another heredoc than the engine does would take an instruction for a line of text. */
static const struct vector heredocs[] = {
    {STAGE "RUN <<E\nCOPY --from=" HIDDEN " / /\nE\n", ERR_NONE, NULL},
    {STAGE "RUN cat <<E > $HOME/${X}\nx\\\nE\n", ERR_NONE, NULL},
    {"# escape=`\n" STAGE "RUN \"\\\" <<E\"\nCOPY --from=" HIDDEN " / /\nE\n", ERR_PLAN_FILE, "<<"},
    {STAGE "RUN \\\" <<E \"\nCOPY --from=" HIDDEN " / /\nE\n", ERR_PLAN_FILE, "<<"},
    {STAGE "RUN [ <<E\nRUN <<Z\nE\nCOPY --from=" HIDDEN " / /\nZ\n", ERR_PLAN_FILE, "<<"},
    {STAGE "RUN a\xc2\xa0<<E\nRUN <<Z\nE\nCOPY --from=" HIDDEN " / /\nZ\n", ERR_PLAN_FILE, "<<"},
    {STAGE "RUN ${A:-x <<E}\nCOPY --from=" HIDDEN " / /\nE}\n", ERR_PLAN_FILE, "<<"},
    {STAGE "RUN <<E\nE\r\nRUN <<Z\nE\nCOPY --from=" HIDDEN " / /\nZ\n", ERR_PLAN_FILE, "carriage return"},
};

static void old_engine(void)
{
    static const char network[] = STAGE "RUN --network=none true\n", checksum[] = STAGE "ADD --checksum=x a b\n";

    is_number(outcome(network, strlen(network), false), ERR_PLAN_ENGINE, "an old engine has no --network");
    is_number(outcome(checksum, strlen(checksum), false), ERR_PLAN_ENGINE, "nor --checksum");
    ok(strstr(e.text, "Dockerfile:2: ADD with the flag --checksum=x needs a newer"), "which is said");
}

/* The Dockerfile that is built instead. */
static void cache_is(const char *line, const char *want)
{
    cleanup_free char *text = mem_format("FROM x\n%s", line);
    const char *pairs[] = {"Dockerfile", text, NULL};
    struct description d;
    struct plan *plan;
    const char *got;

    description_of(&d, pairs);
    d.repo.url = "https://a.example/x,y";
    d.repo.ref = "c0ffee";
    if (!ok(plan_make(&plan, &d.repo, &description_settings, &e) == 0, "%s", line))
        return;
    got = plan->images[0].n_added ? plan->images[0].added[0].bytes : text;
    is(got + strlen("FROM x\n"), want, "becomes a cache of this commit alone");
    plan_free(&plan);
}

static void caches(void)
{
#define OWN ",id=https://a.example/x%2cy@c0ffee:"
    cache_is("RUN --mount=type=cache,target=/c pip x\n", "RUN --mount=type=cache,target=/c" OWN "/c pip x\n");
    cache_is("RUN --mount=target=/c,type=CACHE,id=a\"b c\"\\\n --network=default x\n",
             "RUN --mount=target=/c,type=CACHE,id=a\"b c\"" OWN "ab%20c\\\n --network=default x\n");
    cache_is("RUN \\\n# why\n --mount=type=cache,dst=/a \\\n --mount=type=cache,dst=/b\\\n x\n",
             "RUN \\\n# why\n --mount=type=cache,dst=/a" OWN "/a \\\n --mount=type=cache,dst=/b" OWN "/b\\\n x\n");
    cache_is("RUN --mount=type=tmpfs,target=/c x\n", "RUN --mount=type=tmpfs,target=/c x\n");
    cache_is("ONBUILD RUN --mount=type=cache,target=/c x", "ONBUILD RUN --mount=type=cache,target=/c" OWN "/c x");
}

int main(void)
{
    TRY(names);
    TRY(arguments);
    TRY(flags);
    TRY(heredocs);
    old_engine();
    caches();
    return tap_end();
}
