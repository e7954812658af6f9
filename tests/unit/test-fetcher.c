/* The daemon's end of fetch.sock: good answers, and an other end that has been taken over. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "build/fetcher.h"
#include "build/answers.h"
#include "build/resolve.h"
#include "fake/fetch.h"
#include "loop/loop.h"
#include "tap.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"

static struct loop *loop;
static char path[64];

struct result {
    int calls;
    struct err e; /* code: ERR_NONE: success */
};

static void took(void *arg, const struct err *e)
{
    struct result *r = arg;

    r->calls++;
    r->e = e ? *e : (struct err){0};
}

static struct done into(struct result *r)
{
    *r = (struct result){0};
    return (struct done){took, r};
}

static void stop(void *arg)
{
    loop_stop(loop);
}

/* Virtual time: descriptors are served before it goes on. */
static void run_ms(int ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

/* ---- resolving ---- */

static void answer_commit(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    fake_fetch_line(p, "asking the server");
    fake_fetch_ref(p, COMMIT);
    fake_fetch_end(p, ERR_NONE, "");
}

static void answer_nothing(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
}

static void answer_other_version_once(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (p->number > 1) {
        answer_commit(p, m);
        return;
    }
    fake_fetch_end(p, ERR_FETCH_VERSION, "another version");
    fake_fetch_close(p);
}

static const struct build_question question = {"git", "https%3A%2F%2Fexample.org%2Fa/main", NULL};

static struct resolver *begin_resolving(int keep_ms)
{
    return resolver_new(
        loop, &(struct build_settings){.fetch_socket = path, .resolve_limit_ms = 30000, .resolve_keep_ms = keep_ms});
}

static void test_resolve_shared(void)
{
    struct resolver *r = begin_resolving(3000);
    char a[256] = "", b[256] = "", c[256] = "";
    struct result ra, rb, rc;
    struct build_question with_token = {question.provider, question.spec, "secret"};

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_commit;
    resolver_ask(r, &question, a, into(&ra));
    resolver_ask(r, &question, b, into(&rb));
    is_number(ra.calls, 0, "nobody is called from inside the call");
    run_ms(10);
    is(a, COMMIT, "a question is answered with the commit");
    is(b, COMMIT, "and so is who asks the same at the same time");
    is_number(fake_fetch.connections, 1, "by one process");
    resolver_ask(r, &with_token, c, into(&rc));
    run_ms(10);
    is_number(fake_fetch.connections, 2, "another token is another question");
    resolver_ask(r, &question, c, into(&rc));
    run_ms(1000);
    is_number(fake_fetch.connections, 2, "an answer is kept for a moment");
    is_number(rc.calls, 1, "and told");
    run_ms(3000);
    resolver_ask(r, &question, c, into(&rc));
    run_ms(10);
    is_number(fake_fetch.connections, 3, "and no longer");
    is_number(fake_fetch.open, 0, "no connection stays open");
    fake_fetch_stop();
    resolver_free(&r);
}

static void test_resolve_waiting(void)
{
    struct resolver *r = begin_resolving(0);
    char a[256] = "", b[256] = "";
    struct result ra, rb;
    struct op *first, *second;

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_nothing;
    first = resolver_ask(r, &question, a, into(&ra));
    second = resolver_ask(r, &question, b, into(&rb));
    run_ms(10);
    op_cancel(&first);
    run_ms(10);
    is_number(fake_fetch.open, 1, "a question goes on while one waits for it");
    op_cancel(&second);
    run_ms(10);
    is_number(fake_fetch.open, 0, "and ends with the last one");
    is_number(ra.calls + rb.calls, 0, "who has cancelled is not called");
    resolver_ask(r, &question, a, into(&ra));
    run_ms(29000);
    is_number(ra.calls, 0, "a silent server is waited for");
    run_ms(2000);
    is_number(ra.e.code, ERR_DEADLINE, "until the limit");
    is_number(fake_fetch.open, 0, "and its process is ended");
    fake_fetch_stop();

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_other_version_once;
    resolver_ask(r, &question, a, into(&ra));
    run_ms(2000);
    is(a, COMMIT, "a fetch of another version is asked again");
    fake_fetch_stop();
    resolver_ask(r, &question, a, into(&ra));
    run_ms(31000);
    is_number(ra.e.code, ERR_FETCH_AWAY, "without a fetch the error says so");
    resolver_free(&r);
}

static char asked_etag[128], asked_known[64];

static void answer_as_host(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    struct wire_fetch_message ref = {.kind = WIRE_FETCH_REF, .asked = true};

    snprintf(asked_etag, sizeof asked_etag, "%.*s", (int)m->etag.len, m->etag.len ? m->etag.at : "");
    snprintf(asked_known, sizeof asked_known, "%.*s", (int)m->known.len, m->known.len ? m->known.at : "");
    if (!slice_is(m->spec, "u/r/0000000")) {
        ref.resolved = slice_of(COMMIT);
        ref.etag = slice_of("W/\"1\"");
    }
    fake_fetch_say(p, &ref);
    fake_fetch_end(p, ERR_NONE, "");
}

/* Contract 3.2. */
static void test_resolve_remembered(void)
{
    const struct build_question known = {"gh", "u/r/596b52f", "t", "https://github.com", "https://api.github.com"};
    const struct build_question none = {"gh", "u/r/0000000", "t", "https://github.com", "https://api.github.com"};
    struct resolver *r = begin_resolving(0);
    char ref[256] = "x";
    struct result got;

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_as_host;
    resolver_ask(r, &known, ref, into(&got));
    run_ms(10);
    is(ref, COMMIT, "a host's answer is an answer");
    is(asked_etag, "", "nothing was known before it");
    resolver_ask(r, &known, ref, into(&got));
    run_ms(10);
    is(asked_etag, "W/\"1\"", "the next question has its ETag");
    is(asked_known, COMMIT, "and what it was about");
    resolver_ask(r, &none, ref, into(&got));
    run_ms(10);
    is(ref, "", "the host may know no such ref");
    is_number(fake_fetch.connections, 3, "each is asked");
    run_ms(299000);
    str_copy(ref, sizeof ref, "x");
    resolver_ask(r, &none, ref, into(&got));
    is_number(got.calls, 0, "nobody is called from inside the call");
    run_ms(10);
    is(ref, "", "that is believed");
    is_number(fake_fetch.connections, 3, "without a question");
    run_ms(1000);
    resolver_ask(r, &none, ref, into(&got));
    run_ms(10);
    is_number(fake_fetch.connections, 4, "for 300 s");
    fake_fetch.question = answer_commit;
    resolver_ask(r, &question, ref, into(&got));
    run_ms(10);
    resolver_ask(r, &question, ref, into(&got));
    run_ms(10);
    is_number(fake_fetch.connections, 6, "what git says is always asked anew");
    fake_fetch_stop();
    resolver_free(&r);
}

static void test_answers_bounded(void)
{
    struct answers *a = answers_new();
    const char *commit, *etag;
    char spec[32];

    for (int i = 0; i < ANSWERS_MAX + 1; i++) {
        snprintf(spec, sizeof spec, "u/r/%d", i);
        answers_keep(a, &(struct answer){"gh", spec, COMMIT, "e", 0});
        answers_find(a, "gh", "u/r/0", &commit, &etag);
    }
    ok(answers_find(a, "gh", "u/r/0", &commit, &etag), "what is used is kept");
    ok(!answers_find(a, "gh", "u/r/1", &commit, &etag), "what was used longest ago goes");
    ok(answers_find(a, "gh", "u/r/2", &commit, &etag), "when there are too many");
    answers_keep(a, &(struct answer){"gh", "u/r/2", "", "", 0});
    ok(!answers_find(a, "gh", "u/r/2", &commit, &etag) && answers_none(a, "gh", "u/r/2", 1), "the last word counts");
    answers_free(&a);
}

/* ---- an other end that was taken over ---- */

enum hostile {
    UNASKED_BYTES,
    PLAN_FOR_COMMIT,
    TWO_COMMITS,
    END_ALONE,
    FRAME_AFTER_END,
    PATH_FOR_COMMIT,
    DASH_FOR_COMMIT,
    FOREIGN_CODE,
    HUGE_FRAME,
    UNKNOWN_KIND,
    DAEMONS_QUESTION,
    ENDLESS_LINES,
    THREE_IMAGES,
    OTHER_LANE,
    DOCKERFILE_OUTSIDE,
    DOCKERFILE_ABSOLUTE,
    TWO_PLANS,
    EARLY_BYTES,
    EARLY_END,
};
static enum hostile hostile;

static const struct hostility {
    const char *how;
    bool open; /* asked for a plan, not for a commit */
} hostilities[] = {
    [UNASKED_BYTES] = {"bytes that nobody asked for", false},
    [PLAN_FOR_COMMIT] = {"a plan in place of a commit", false},
    [TWO_COMMITS] = {"two commits", false},
    [END_ALONE] = {"an end without a commit", false},
    [FRAME_AFTER_END] = {"a frame after the end", false},
    [PATH_FOR_COMMIT] = {"a commit that is a path", false},
    [DASH_FOR_COMMIT] = {"a commit that begins with a dash", false},
    [FOREIGN_CODE] = {"a code of another room", false},
    [HUGE_FRAME] = {"a frame of 16 MiB", false},
    [UNKNOWN_KIND] = {"a frame of a kind that does not exist", false},
    [DAEMONS_QUESTION] = {"a question of the daemon's", false},
    [ENDLESS_LINES] = {"lines without end", false},
    [THREE_IMAGES] = {"three images", true},
    [OTHER_LANE] = {"a lane that was not allowed", true},
    [DOCKERFILE_OUTSIDE] = {"a Dockerfile outside of the context", true},
    [DOCKERFILE_ABSOLUTE] = {"an absolute Dockerfile", true},
    [TWO_PLANS] = {"two plans", true},
    [EARLY_BYTES] = {"bytes before they are asked for", true},
    [EARLY_END] = {"an end before the contexts", true},
};

static void answer_hostile(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    switch (hostile) {
    case UNASKED_BYTES:
        fake_fetch_bytes(p, "x", 1);
        break;
    case PLAN_FOR_COMMIT:
        fake_fetch_plan(p, 0, 1, "Dockerfile");
        break;
    case TWO_COMMITS:
        fake_fetch_ref(p, COMMIT);
        fake_fetch_ref(p, COMMIT);
        break;
    case END_ALONE:
        fake_fetch_end(p, ERR_NONE, "");
        break;
    case FRAME_AFTER_END:
        answer_commit(p, m);
        fake_fetch_line(p, "still here");
        break;
    case PATH_FOR_COMMIT:
        fake_fetch_ref(p, "../../etc");
        break;
    case DASH_FOR_COMMIT:
        fake_fetch_ref(p, "-rf");
        break;
    case FOREIGN_CODE:
        fake_fetch_end(p, ERR_STORE_FAILED, "the disk is full");
        break;
    case HUGE_FRAME:
        fake_fetch_raw(p, "\x01\x00\x00\x00\x13", 5);
        break;
    case UNKNOWN_KIND:
        fake_fetch_raw(p, "\x00\x00\x00\x00\x63", 5);
        break;
    case DAEMONS_QUESTION:
        fake_fetch_say(p, m);
        break;
    case ENDLESS_LINES:
        for (int i = 0; i < 100000; i++)
            fake_fetch_line(p, "and on");
        break;
    case THREE_IMAGES:
        fake_fetch_plan(p, 0, 3, "Dockerfile");
        break;
    case OTHER_LANE:
        fake_fetch_plan(p, 1, 1, "Dockerfile");
        break;
    case DOCKERFILE_OUTSIDE:
        fake_fetch_plan(p, 0, 1, "a/../../Dockerfile");
        break;
    case DOCKERFILE_ABSOLUTE:
        fake_fetch_plan(p, 0, 1, "/etc/Dockerfile");
        break;
    case TWO_PLANS:
        fake_fetch_plan(p, 0, 1, "Dockerfile");
        fake_fetch_plan(p, 0, 1, "Dockerfile");
        break;
    case EARLY_BYTES:
        fake_fetch_plan(p, 0, 1, "Dockerfile");
        fake_fetch_bytes(p, "x", 1);
        break;
    case EARLY_END:
        fake_fetch_plan(p, 0, 1, "Dockerfile");
        fake_fetch_end(p, ERR_NONE, "");
    }
}

static const struct fetcher_repository repository = {
    .url = "https://example.org/a", .commit = COMMIT, .can = WIRE_FETCH_CAN_DOCKERFILE, .size_max = 1 << 20};

static int readies, log_lines;

static void count_ready(void *arg)
{
    readies++;
}

static void count_line(void *arg, const char *text, size_t len)
{
    log_lines++;
}

static struct fetcher *begin(void)
{
    readies = log_lines = 0;
    return fetcher_new(loop, &(struct fetcher_spec){.socket = path, .line = count_line, .ready = count_ready});
}

static void test_hostile(void)
{
    for (hostile = UNASKED_BYTES; hostile <= EARLY_END; hostile++) {
        const struct hostility *h = &hostilities[hostile];
        struct fetcher *f = begin();
        struct fetcher_plan plan;
        struct result r;
        struct fetcher_ref ref;

        fake_fetch_start(loop, path);
        fake_fetch.question = answer_hostile;
        if (h->open)
            fetcher_open(f, &repository, &plan, into(&r));
        else
            fetcher_resolve(f, &(struct fetcher_question){"git", "x"}, &ref, into(&r));
        run_ms(10);
        ok(r.calls == 1 && fetcher_error(f) && fetcher_error(f)->code == ERR_FETCH_MALFORMED, "refused: %s", h->how);
        ok(!fake_fetch.open, "and hung up on");
        fetcher_free(&f);
        fake_fetch_stop();
    }
}

static void answer_sentence(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    fake_fetch_end(p, ERR_PLAN_NO_LANE, "no lane takes \x1b[31m this");
}

static void test_its_own_errors(void)
{
    struct fetcher *f = begin();
    struct fetcher_plan plan;
    struct result r;

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_sentence;
    fetcher_open(f, &repository, &plan, into(&r));
    run_ms(10);
    is_number(r.e.code, ERR_PLAN_NO_LANE, "an error of fetch's own rooms is passed on");
    is(r.e.text, "no lane takes  [31m this", "with its sentence, without control characters");
    fetcher_free(&f);
    fake_fetch_stop();
}

/* ---- contexts ---- */

#define LARGE (8 << 20)
static char large[LARGE];

static void answer_contexts(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    if (m->kind == WIRE_FETCH_OPEN) {
        fake_fetch_line(p, "fetching");
        fake_fetch_plan(p, 0, 2, "binder/Dockerfile");
    } else if (m->context == 0) {
        fake_fetch_bytes(p, "small", 5);
    } else {
        fake_fetch_bytes(p, large, LARGE);
    }
}

static size_t pull_all(struct fetcher *f, ssize_t *last)
{
    size_t total = 0;
    char piece[10000];

    while ((*last = fetcher_pull(f, piece, sizeof piece)) > 0)
        total += (size_t)*last;
    return total;
}

static struct fetcher *open_contexts(struct fetcher_plan *plan)
{
    struct fetcher *f = begin();
    struct result r;

    fake_fetch_start(loop, path);
    fake_fetch.question = answer_contexts;
    fetcher_open(f, &repository, plan, into(&r));
    run_ms(10);
    return f;
}

static void test_contexts(void)
{
    struct fetcher_plan plan;
    struct fetcher *f = open_contexts(&plan);
    size_t total = 0;
    ssize_t last;

    is_number(plan.images, 2, "a plan is read");
    is(plan.lane, "dockerfile", "with its lane");
    is(plan.dockerfile[1], "binder/Dockerfile", "and its Dockerfiles");
    is_number(log_lines, 1, "and what fetch says goes to the log");
    fetcher_context(f, 0, 1000);
    run_ms(10);
    is_number((long long)pull_all(f, &last), 5, "a context comes whole");
    is_number(last, 0, "and has an end");
    fetcher_context(f, 1, 2 * LARGE);
    run_ms(1000);
    ok(fake_fetch_last()->sent < (1 << 20), "what is not pulled is not read: %zu of %d bytes were sent",
       fake_fetch_last()->sent, LARGE);
    do {
        total += pull_all(f, &last);
        run_ms(1);
    } while (last != 0);
    is_number((long long)total, LARGE, "pulling brings the rest");
    fake_fetch_end(fake_fetch_last(), ERR_NONE, "");
    fake_fetch_close(fake_fetch_last());
    run_ms(10);
    ok(!fetcher_error(f), "an end after the last context is no error");
    fetcher_free(&f);
    fake_fetch_stop();
}

static void test_context_faults(void)
{
    struct fetcher_plan plan;
    struct fetcher *f = open_contexts(&plan);
    char piece[100];

    fetcher_context(f, 0, 4);
    run_ms(10);
    is_number(fetcher_error(f)->code, ERR_FETCH_MALFORMED, "a context over its bound is refused");
    is_number(readies, 1, "and who pulls is told");
    is_number(fetcher_pull(f, piece, sizeof piece), -1, "there is nothing to pull");
    fetcher_free(&f);
    fake_fetch_stop();

    f = open_contexts(&plan);
    fake_fetch_close(fake_fetch_last());
    run_ms(10);
    is_number(fetcher_error(f)->code, ERR_FETCH_AWAY, "one that dies between its contexts is missed");
    fetcher_free(&f);
    fake_fetch_stop();

    f = open_contexts(&plan);
    fetcher_context(f, 0, 1000);
    run_ms(10);
    fetcher_pull(f, piece, sizeof piece);
    fetcher_context(f, 1, 2 * LARGE);
    run_ms(1);
    fetcher_free(&f);
    run_ms(1);
    is_number(fake_fetch.open, 0, "freeing hangs up in the middle of a context");
    fake_fetch_stop();
}

int main(void)
{
    struct err e;

    snprintf(path, sizeof path, "/tmp/rb-test-fetcher-%d.sock", (int)getpid());
    if (loop_new(&loop, &e) < 0)
        abort();
    test_resolve_shared();
    test_resolve_waiting();
    test_resolve_remembered();
    test_answers_bounded();
    test_hostile();
    test_its_own_errors();
    test_contexts();
    test_context_faults();
    loop_free(&loop);
    return tap_end();
}
