/* The room build against the engine of this machine: what BuildKit really does with what is sent to it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/build.h"
#include "build/log.h"
#include "engine/engine.h"
#include "engine/ledger.h"
#include "engine/image.h"
#include "fake/fetch.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "store/rows.h"
#include "unit/tap.h"

#define SOCKET "/var/run/docker.sock"
#define BASE "ringbinder/debian:1"
#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"

static struct loop *loop;
static struct outbound *outbound;
static struct engine *engine;
static struct store *store;
static struct builds *builds;
static char folder[64], sock[80], state[80], lock[90], instance[9];

/* ---- a fetch that sends small tars ---- */

/* One file, as a tar entry (POSIX.1-2001, ustar). */
static void add_entry(struct buf *tar, const char *name, const char *text)
{
    char head[512] = {0};
    unsigned sum = 0;

    snprintf(head, 100, "%s", name);
    memcpy(head + 100, "0000644\0000000000\0000000000\000", 24);
    snprintf(head + 124, 12, "%011zo", strlen(text));
    memcpy(head + 136, "00000000000\0        0", 21);
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof head; i++)
        sum += (unsigned char)head[i];
    snprintf(head + 148, 8, "%06o", sum);
    buf_add(tar, head, sizeof head);
    buf_add_text(tar, text);
    while (tar->len % 512)
        buf_add_char(tar, '\0');
}

static const char *environment, *content; /* Dockerfiles; environment: NULL: there is only the content */

static void answer(struct fake_fetch_peer *p, const struct wire_fetch_message *m)
{
    struct buf tar = BUF_OF(1 << 20);
    char zeros[1024] = {0};

    if (m->kind == WIRE_FETCH_OPEN) {
        fake_fetch_plan(p, environment ? 1 : 0, environment ? 2 : 1, "Dockerfile");
        return;
    }
    add_entry(&tar, "Dockerfile", environment && m->context == 0 ? environment : content);
    add_entry(&tar, "hello.txt", "hello\n");
    buf_add(&tar, zeros, sizeof zeros);
    fake_fetch_bytes(p, tar.bytes, tar.len);
    buf_free(&tar);
}

/* ---- builds ---- */

struct result {
    bool over;
    struct err e;
    struct build_result image;
};
static int waiting;

static void took(void *arg, const struct err *e)
{
    struct result *r = arg;

    r->over = true;
    r->e = e ? *e : (struct err){0};
    if (--waiting == 0)
        loop_stop(loop);
}

static void run(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        abort();
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void run_ms(int ms)
{
    loop_timer_new(loop, ms, stop, NULL);
    run();
}

static char *name_of(const char *tag)
{
    return mem_format("rbtest-%s:%s", instance, tag);
}

static void want(struct result *r, const char *tag)
{
    cleanup_free char *name = name_of(tag);
    struct build_spec spec = {.image = name, .repo_url = "https://example.org/a", .commit = COMMIT, .ref = "main"};

    *r = (struct result){0};
    waiting++;
    build_want(builds, &spec, &r->image, (struct done){took, r});
}

static struct result build(const char *tag)
{
    struct result r;

    want(&r, tag);
    run();
    if (r.e.code)
        printf("# %s\n", r.e.text);
    return r;
}

static char *log_of(const char *tag)
{
    cleanup_free char *name = name_of(tag);
    struct build_log *log = build_log_find(builds, name);
    struct buf out = BUF_OF(1 << 20);
    struct build_log_cursor cursor = {0};

    while (log && build_log_read(log, &cursor, &out))
        ;
    return buf_steal(&out);
}

static void done_here(void *arg, const struct err *e)
{
    *(struct err *)arg = e ? *e : (struct err){0};
    loop_stop(loop);
}

static void remove_image(const char *name)
{
    struct err e;

    engine_image_remove(engine, name, (struct done){done_here, &e});
    run();
}

/* The environment is built by its tag alone. */
static void remove_environment(void)
{
    char *log = log_of("env1");
    char *at = strstr(log, "ringbinder/env:");

    if (ok(at != NULL, "the log names the environment's image")) {
        at[strlen("ringbinder/env:") + 32] = '\0';
        remove_image(at);
    }
    free(log);
}

/* ---- tests ---- */

static void test_content(void)
{
    cleanup_free char *name = name_of("copy"), *log = NULL, *repo = NULL, *own = NULL;
    struct engine_image image = {0};
    struct result r;
    struct err e;

    environment = NULL;
    content = "FROM scratch\nCOPY hello.txt /\nLABEL io.ringbinder.lane=forged\n";
    r = build("copy");
    ok(!r.e.code && !id_is_none(&r.image.image), "a Dockerfile becomes an image");
    log = log_of("copy");
    ok(strstr(log, "\"message\":\"#1 [1/1] COPY hello.txt /\\n\"") != NULL, "whose steps are in the log");
    engine_image_inspect(engine, name, &image, (struct done){done_here, &e});
    run();
    repo = engine_image_label(&image, "repo2docker.repo");
    own = engine_image_label(&image, "io.ringbinder.instance");
    is(repo, "https://example.org/a", "it carries repo2docker's labels");
    is(own, instance, "and whose it is");
    free(image.labels);
    r = (struct result){0};
    waiting = 1;
    build_image_find(builds, name, &r.image, (struct done){took, &r});
    run();
    ok(!id_is_none(&r.image.image), "a label of the Dockerfile does not get in the way of ours: it is found");
    remove_image(name);
    waiting = 1;
    build_image_find(builds, name, &r.image, (struct done){took, &r});
    run();
    ok(!r.e.code && id_is_none(&r.image.image), "and once it was removed, it is not");
}

static void test_failures(void)
{
    struct result r;

    content = "FROM " BASE "\nRUN echo 'no such thing' >&2; exit 37\n";
    r = build("fail");
    ok(r.e.code == ERR_BUILD_STEP && strstr(r.e.text, "ended with exit code 37: no such thing"),
       "a step that fails is told with its exit code and its last line");
    content = "FROM " BASE "\nRUN sh -c 'kill -9 $$'; exit $?\n";
    r = build("killed");
    is_number(r.e.code, ERR_BUILD_MEMORY, "a step that was killed is told as one that wanted memory");
    content = "FROM scratch\nBOGUS x\n";
    r = build("bogus");
    ok(r.e.code == ERR_BUILD_DOCKERFILE && strstr(r.e.text, "unknown instruction"),
       "a Dockerfile that is none is told in the engine's words");
    content = "FROM scratch\nCOPY nothere /\n";
    r = build("missing");
    ok(r.e.code == ERR_BUILD_DOCKERFILE && strstr(r.e.text, "\"/nothere\" not found"), "and so is a missing file");
}

/* What the environment's step drew: "=16 hex digits=". */
static char *made_by(const char *log)
{
    for (const char *at = strchr(log, '='); at; at = strchr(at + 1, '='))
        if (strspn(at + 1, "0123456789abcdef") == 16 && at[17] == '=')
            return mem_copy(at, 18);
    return mem_string("");
}

static void test_environment(void)
{
    cleanup_free char *first = NULL, *second = NULL, *made = NULL, *environment_text = NULL;
    struct result a, b;

    environment_text = mem_format("ARG RB_ENVIRONMENT\nFROM ${RB_ENVIRONMENT}\nUSER root\n"
                                  "RUN echo %s; echo =$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')= | tee /made\n",
                                  instance);
    environment = environment_text;
    content = "ARG RB_ENVIRONMENT\nFROM ${RB_ENVIRONMENT}\nCOPY hello.txt /home/jovyan/\nRUN cat /made\n";
    want(&a, "env1");
    want(&b, "env2");
    run();
    ok(!a.e.code && !b.e.code, "two builds that need the same new environment at the same time get it");
    first = log_of("env1");
    second = log_of("env2");
    made = made_by(first);
    ok(*made && strstr(second, made), "and it is made once: both have %s", made);
    build("env3");
    free(first);
    first = log_of("env3");
    ok(strstr(first, "The environment is the same as one that was built before: it is used again."),
       "the next one uses it again");
    remove_environment();
    for (int i = 1; i <= 3; i++) {
        char tag[] = {'e', 'n', 'v', (char)('0' + i), '\0'};
        cleanup_free char *name = name_of(tag);

        remove_image(name);
    }
}

/* Whether a process with `word` in its command runs on this machine, where the engine runs, too. */
static bool runs(const char *word)
{
    cleanup_dir DIR *dir = opendir("/proc");
    bool found = false;

    for (struct dirent *entry; (entry = readdir(dir)) && !found;) {
        cleanup_free char *path = mem_format("/proc/%s/cmdline", entry->d_name);
        cleanup_file FILE *file = fopen(path, "r");
        char command[4096];
        size_t len = file ? fread(command, 1, sizeof command, file) : 0;

        found = len && memmem(command, len, word, strlen(word));
    }
    return found;
}

static void open_builds(void)
{
    static struct ledger ledger;
    struct build_parts parts = {.loop = loop, .store = store, .engine = engine, .ledger = &ledger};
    struct build_settings settings = {.fetch_socket = sock,
                                      .folder = folder,
                                      .base = BASE,
                                      .bases = BASE,
                                      .repository_max = 1 << 20,
                                      .at_a_time = 2,
                                      .limit_s = 300,
                                      .progress_ms = 300000,
                                      .abandon_ms = 300000,
                                      .resolve_limit_ms = 1000};
    struct err e;

    ledger_init(&ledger, 0, &(struct ledger_reserve){0});
    if (builds_new(&builds, &parts, &settings, &e) < 0)
        printf("Bail out! %s\n", e.text);
}

static void test_stopping(void)
{
    cleanup_free char *word = mem_format("sleep 61.%d", (int)getpid());
    /* Not the shell's last command, which some shells become: it has the whole word. */
    cleanup_free char *dockerfile = mem_format("FROM " BASE "\nRUN %s; true\n", word);
    struct result r;

    environment = NULL;
    content = dockerfile;
    want(&r, "sleep");
    for (int i = 0; i < 3000 && !runs(word); i++)
        run_ms(100);
    ok(runs(word), "a step runs");
    builds_free(&builds);
    waiting = 0;
    for (int i = 0; i < 600 && runs(word); i++)
        run_ms(100);
    ok(!runs(word), "and is ended with the connection to the engine");
    store_close(&store);
    unlink(state);
}

/* The row would begin it again; without one, its log is nobody's. */
static void test_leftovers(void)
{
    struct err e;

    if (store_open(&store, state, &e) < 0)
        printf("Bail out! %s\n", e.text);
    open_builds();
    builds_free(&builds);
    store_close(&store);
    fake_fetch_stop();
    unlink(state);
    unlink(lock);
    ok(rmdir(folder) == 0, "the log of a build without a row is removed, and nothing else is left");
}

static void begin(void)
{
    struct err e;

    id_random_text(instance, 8, "0123456789abcdef");
    snprintf(folder, sizeof folder, "/tmp/rb-build-real-XXXXXX");
    if (!mkdtemp(folder))
        abort();
    snprintf(sock, sizeof sock, "%s/fetch.sock", folder);
    snprintf(state, sizeof state, "%s/state.db", folder);
    snprintf(lock, sizeof lock, "%s.lock", state);
    if (loop_new(&loop, &e) < 0 || outbound_new(&outbound, loop, &e) < 0 || store_open(&store, state, &e) < 0 ||
        engine_new(&engine, loop, outbound,
                   &(struct engine_settings){.socket = SOCKET, .instance = instance, .ask_again_ms = 200}, &e) < 0) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    for (int i = 0; i < 100 && engine_state(engine) != ERR_NONE; i++)
        run_ms(100);
    fake_fetch_start(loop, sock);
    fake_fetch.question = answer;
    open_builds();
}

static void drop_line(void *arg, const char *line)
{
}

int main(void)
{
    log_sink(drop_line, NULL);
    begin();
    test_content();
    test_failures();
    test_environment();
    test_stopping();
    test_leftovers();
    engine_free(&engine);
    outbound_free(&outbound);
    loop_free(&loop);
    return tap_end();
}
