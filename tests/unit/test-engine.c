/* The engine room against an engine that is late, wrong or away (tests/fake/engine.py). */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/engine.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/ask.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/network.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "tap.h"

#define AGAIN_MS 20
#define EVENTS_MS 300
#define PATIENCE_MS 5000

static struct loop *loop;
static struct outbound *outbound;
static struct engine *engine;
static char folder[] = "/tmp/test-engine-XXXXXX", socket_path[64];
static pid_t fake;
static struct err last;
static struct buf journal;

/* ---- the fake ---- */

static void fake_start(void)
{
    cleanup_free char *program = mem_format("%s/tests/fake/engine.py", getenv("SRCDIR") ? getenv("SRCDIR") : ".");

    fake = fork();
    if (fake == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/usr/bin/python3", "python3", program, socket_path, NULL);
        _exit(127);
    }
}

static void fake_kill(void)
{
    kill(fake, SIGKILL);
    waitpid(fake, NULL, 0);
}

static void op_done(void *arg, const struct err *e)
{
    last = e ? *e : (struct err){0};
    loop_stop(loop);
}

static const struct done done = {op_done, NULL};

static void run(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        abort();
}

static enum err_code wait_for(struct op *op)
{
    if (!op)
        abort();
    run();
    return last.code;
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void wait_ms(int ms)
{
    loop_timer_new(loop, ms, stop, NULL);
    run();
}

/* Tells the fake something; what it has been asked so far, to be freed. */
static char *tell(const char *order)
{
    struct outbound_request request = {.method = order ? "POST" : "GET",
                                       .socket = socket_path,
                                       .url = "http://engine/fake",
                                       .body = order,
                                       .body_len = order ? strlen(order) : 0};
    struct outbound_answer answer = {.body = BUF_OF(1 << 20)};

    if (wait_for(outbound_ask(outbound, &request, &answer, done)) != ERR_NONE || answer.status != 200)
        abort();
    return buf_steal(&answer.body);
}

static void order(const char *text)
{
    free(tell(text));
}

/* True as soon as the state is `code`. */
static bool becomes(enum err_code code)
{
    for (int i = 0; i < PATIENCE_MS / 10 && engine_state(engine) != code; i++)
        wait_ms(10);
    return engine_state(engine) == code;
}

static void engine_begin(int events_ms)
{
    struct engine_settings settings = {socket_path, "abcd0123", AGAIN_MS, .events_ms = events_ms};
    struct err e;

    if (engine_new(&engine, loop, outbound, &settings, &e) < 0)
        abort();
}

static void journal_line(void *arg, const char *line)
{
    buf_add_text(&journal, line);
    buf_add_char(&journal, '\n');
}

static struct engine_container_spec spec(void)
{
    return (struct engine_container_spec){.row = id_new(), .session = id_new(), .image = "there:1"};
}

static int news;

static void woken(void *arg)
{
    news++;
}

/* ---- tests ---- */

static void test_away(void)
{
    struct engine_container_list list;
    struct watch watch = {.wake = woken};

    engine_begin(0);
    engine_watch(engine, &watch);
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_ENGINE_GONE,
              "no engine at start is an error of each question");
    wait_ms(100);
    is_number(engine_state(engine), ERR_ENGINE_GONE, "and a state");
    wait_for(engine_container_list(engine, &list, done));
    ok(str_starts(last.text, "no engine at /tmp/test-engine-"), "that says what is wrong: %s", last.text);
    is_number(engine_can(engine), 0, "it can nothing yet");
    mkdir(socket_path, 0700);
    wait_ms(100);
    wait_for(engine_container_list(engine, &list, done));
    ok(strstr(last.text, "is a directory"), "a directory at the socket's path has a sentence of its own: %s",
       last.text);
    rmdir(socket_path);
    ok(strstr(buf_text(&journal), "RB1201 the container engine: no engine at ") && journal.len < 2000,
       "the journal says each reason once");
    fake_start();
    ok(becomes(ERR_NONE), "it is there as soon as it answers");
    ok(news > 0, "and the watchers hear of it");
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_NONE, "then questions are answered");
    is_number(list.count, 0, "(there is no container)");
    engine_container_list_free(&list);
    watch_end(&watch);
}

static void test_version(void)
{
    ok(engine_can(engine) == (ENGINE_CAN_TRACE | ENGINE_CAN_STOP_BUILD), "an old engine has no heredoc");
    engine_free(&engine);
    order("{\"set\": {\"ApiVersion\": \"1.52\", \"MinAPIVersion\": \"1.44\", \"Version\": \"29.0.1\"}}");
    engine_begin(0);
    ok(becomes(ERR_NONE) && engine_can(engine) & ENGINE_CAN_HEREDOC, "a newer one has it, and we speak together");
    engine_free(&engine);
    order("{\"set\": {\"ApiVersion\": \"1.60\", \"MinAPIVersion\": \"1.55\"}}");
    engine_begin(0);
    ok(becomes(ERR_ENGINE_VERSION), "one that is too new has a state of its own");
    engine_free(&engine);
    order("{\"set\": {\"ApiVersion\": \"1.39\", \"MinAPIVersion\": \"1.12\"}}");
    engine_begin(0);
    ok(becomes(ERR_ENGINE_VERSION), "so has one that is too old");
    order("{\"set\": {\"ApiVersion\": {}}}");
    ok(becomes(ERR_ENGINE_ODD), "and one that does not say");
    order("{\"set\": {\"ApiVersion\": \"1.41\", \"MinAPIVersion\": \"1.12\"}}");
    ok(becomes(ERR_NONE), "it is asked again, and may have been replaced");
}

static void test_events(void)
{
    struct engine_container_spec wanted = spec();
    struct watch watch = {.wake = woken};
    struct engine_container c;

    order("{\"image\": \"there:1\"}");
    engine_watch(engine, &watch);
    wait_for(engine_container_create(engine, &wanted, &c, done));
    news = 0;
    wait_for(engine_container_start(engine, &c, done));
    wait_ms(50);
    is_number(news, 1, "a start wakes the watchers");
    order("{\"forget_events\": true}");
    wait_ms(100);
    ok(news >= 3 && engine_state(engine) == ERR_NONE, "a stream that ends wakes them when it went and when it came");
    news = 0;
    wait_for(engine_container_remove(engine, &c.row, done));
    wait_ms(50);
    ok(news > 0, "end and removal come through the new stream");
    watch_end(&watch);
}

static void test_silent_events(void)
{
    struct engine_container_spec wanted = spec();
    struct watch watch = {.wake = woken};
    struct engine_container c;

    order("{\"events\": \"lost\"}");
    engine_watch(engine, &watch);
    wait_for(engine_container_create(engine, &wanted, &c, done));
    wait_for(engine_container_start(engine, &c, done));
    news = 0;
    for (int i = 0; i < PATIENCE_MS / 10 && !news; i++)
        wait_ms(10);
    ok(news > 0 && engine_state(engine) == ERR_NONE, "events that nobody hears any more are asked for anew, and all is "
                                                     "listed again, though the engine never was away");
    order("{\"events\": \"all\"}");
    wait_for(engine_container_remove(engine, &c.row, done));
    watch_end(&watch);
}

static void test_restart(void)
{
    struct engine_container_list list;

    fake_kill();
    ok(becomes(ERR_ENGINE_GONE), "an engine that dies is noticed at once");
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_ENGINE_GONE, "questions are refused then");
    fake_start();
    ok(becomes(ERR_NONE), "and it is found again");
    order("{\"image\": \"there:1\", \"labels\": {\"a\": \"b\"}}");
}

static void test_create_faults(void)
{
    struct engine_container_spec wanted = spec();
    struct engine_container c;
    cleanup_free char *asked = NULL;

    order("{\"fault\": \"POST /containers/create\", \"status\": 0, \"times\": 2}");
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_ENGINE_GONE,
              "a connection that breaks off is an error");
    ok(becomes(ERR_NONE), "and a doubt, not a loss");
    order("{\"fault\": \"POST /containers/create\", \"status\": 500, \"message\": \"no space\\nleft\"}");
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_ENGINE_REFUSED, "a refusal is one");
    is(last.text, "no space left", "with the engine's own words in one line");
    order("{\"fault\": \"POST /networks/create\", \"status\": 403, \"message\": \"same bridge name\"}");
    order("{\"fault\": \"GET /networks/\", \"status\": 404, \"message\": \"not found\", \"times\": 3}");
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_NONE,
              "a network that another makes at the same time is waited for");
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_NONE, "asking twice is no error");
    order("{\"fault\": \"POST /containers/\", \"status\": 400, \"message\": \"OCI runtime create failed\"}");
    is_number(wait_for(engine_container_start(engine, &c, done)), ERR_ENGINE_REFUSED, "a start may be refused");
    order("{\"fault\": \"GET /containers/rb\", \"status\": 200, \"body\": \"not json\"}");
    is_number(wait_for(engine_container_start(engine, &c, done)), ERR_ENGINE_ODD, "an answer that is no JSON is odd");
    is_number(wait_for(engine_container_remove(engine, &c.row, done)), ERR_NONE, "(removed)");
    asked = tell(NULL);
    ok(strstr(asked, "GET /events?filters=%7B%22type%22:%5B%22container%22%5D"), "events are asked with our filter");
}

static void test_remove_faults(void)
{
    struct engine_container_spec wanted = spec();
    struct engine_container c;

    wait_for(engine_container_create(engine, &wanted, &c, done));
    order("{\"fault\": \"POST /containers/rb\", \"status\": 500, \"message\": \"cannot stop\"}");
    order("{\"fault\": \"DELETE /containers/\", \"status\": 409, \"times\": 3, \"message\": \"already in progress\"}");
    is_number(wait_for(engine_container_remove(engine, &c.row, done)), ERR_NONE,
              "what does not stop is removed by force, and another removal is waited for");
    order("{\"fault\": \"DELETE /containers/\", \"status\": 400, \"message\": \"no\"}");
    is_number(wait_for(engine_container_remove(engine, &c.row, done)), ERR_ENGINE_REFUSED, "other refusals end it");
    order("{\"fault\": \"DELETE /networks/\", \"status\": 403, \"times\": 3, \"message\": \"has active endpoints\"}");
    is_number(wait_for(engine_network_remove(engine, done)), ERR_NONE,
              "a network on which somebody still is is removed once he has left");
}

static void test_answers(void)
{
    struct engine_container_list list;
    struct engine_image image;
    char tail[2001];
    struct id nobody = id_new();
    cleanup_free char *label = NULL;

    order("{\"fault\": \"GET /containers/json\", \"status\": 200, \"body\": \"{}\"}");
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_ENGINE_ODD, "a list that is none is odd");
    order("{\"fault\": \"GET /containers/json\", \"status\": 200, \"body\": \"[1, {}, {\\\"Names\\\": 3}]\"}");
    ok(wait_for(engine_container_list(engine, &list, done)) == ERR_NONE && list.count == 0, "odd items are not ours");
    engine_container_list_free(&list);
    is_number(wait_for(engine_container_tail(engine, &nobody, tail, done)), ERR_ENGINE_MISSING, "nobody says nothing");
    is(tail, "", "in an empty text");
    is_number(wait_for(engine_image_inspect(engine, "there:1", &image, done)), ERR_NONE, "an image is inspected");
    label = engine_image_label(&image, "a");
    is(label, "b", "with its labels");
    is_number((long long)image.listed_bytes, 8, "and what of them stands in listings");
    free(image.labels);
    order("{\"fault\": \"GET /images\", \"status\": 200, \"body\": "
          "\"{\\\"Id\\\":\\\"sha256:1\\\",\\\"Config\\\":{\\\"Labels\\\":"
          "{\\\"<&\\\":\\\"\\\\u0001x\\\"},\\\"ExposedPorts\\\":{\\\"1/tcp\\\":{},\\\"2/"
          "tcp\\\":{}},\\\"Volumes\\\":{\\\"/a\\\":{}},"
          "\\\"Entrypoint\\\":[\\\"ab\\\",1]}}\"}");
    wait_for(engine_image_inspect(engine, "large:1", &image, done));
    is_number((long long)image.listed_bytes, 15 + 10 + 2 * 64 + 5 + 512 + 5,
              "so do ports, volumes and the entry point");
    free(image.labels);
    is_number(wait_for(engine_image_inspect(engine, "gone:1", &image, done)), ERR_ENGINE_MISSING, "or is missing");
}

static int calls;

static void never(void *arg, const struct err *e)
{
    calls++;
}

static void test_cancel(void)
{
    struct engine_container_spec wanted = spec();
    struct engine_container_list list;
    struct engine_container c;
    struct op *op;

    order("{\"fault\": \"POST /containers/create\", \"delay\": 0.05}");
    op = engine_container_create(engine, &wanted, &c, (struct done){never, NULL});
    op_cancel(&op);
    op = engine_container_create(engine, &wanted, &c, (struct done){never, NULL});
    wait_ms(30);
    op_cancel(&op);
    order("{\"fault\": \"GET /containers/json\", \"delay\": \"far\"}");
    op = engine_container_list(engine, &list, (struct done){never, NULL});
    wait_ms(20);
    op_cancel(&op);
    wait_ms(100);
    is_number(calls, 0, "after op_cancel nobody is called");
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_NONE, "and what was begun is found");
}

int main(void)
{
    struct err e;

    journal = BUF_OF(1 << 20);
    log_sink(journal_line, NULL);
    if (!mkdtemp(folder) || loop_new(&loop, &e) < 0 || outbound_new(&outbound, loop, &e) < 0)
        return 1;
    snprintf(socket_path, sizeof socket_path, "%s/s", folder);
    test_away();
    test_version();
    test_events();
    engine_free(&engine);
    engine_begin(EVENTS_MS);
    becomes(ERR_NONE);
    test_silent_events();
    engine_free(&engine);
    engine_begin(0);
    becomes(ERR_NONE);
    test_restart();
    test_create_faults();
    test_remove_faults();
    test_answers();
    test_cancel();
    engine_free(&engine);
    outbound_free(&outbound);
    loop_free(&loop);
    fake_kill();
    unlink(socket_path);
    rmdir(folder);
    buf_free(&journal);
    return tap_end();
}
