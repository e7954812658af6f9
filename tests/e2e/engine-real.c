/* The engine room against the engine of this machine: a container's life, and nothing left behind. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/ask.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "engine/network.h"
#include "loop/loop.h"
#include "loop/outbound.h"
#include "unit/tap.h"

#define SOCKET "/var/run/docker.sock"
#define IMAGE "ringbinder/stub:1"

static struct loop *loop;
static struct outbound *outbound;
static struct engine *engine;
static char instance[9];

/* ---- waiting for one op ---- */

static struct err last;
static int news;

static void op_done(void *arg, const struct err *e)
{
    last = e ? *e : (struct err){0};
    loop_stop(loop);
}

static const struct done done = {op_done, NULL};

static enum err_code wait_for(struct op *op)
{
    struct err e;

    if (!op || loop_run(loop, &e) < 0)
        abort();
    if (last.code != ERR_NONE)
        printf("# %s\n", last.text);
    return last.code;
}

static void woken(void *arg)
{
    news++;
    if (arg)
        loop_stop(loop);
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void wait_ms(int ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

/* What the engine says of anything, as text with its keys sorted. */
static char *ask_text(const char *path, const char *name)
{
    cleanup_free char *full = engine_path(path, name);
    struct engine_question question = {.method = "GET", .path = full};
    struct engine_answer answer = {0};
    struct err e;
    json_t *json;
    char *text;

    wait_for(engine_ask(engine, &question, &answer, done));
    if (engine_answer_json(&json, &answer, &e) < 0)
        abort();
    text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    engine_answer_free(&answer);
    return text;
}

static bool answers(const struct engine_container *c)
{
    char url[100];
    struct outbound_request request = {.method = "GET", .url = url, .limit_ms = 1000};

    snprintf(url, sizeof url, "http://%d.%d.%d.%d:8888/user/x/api", c->address[12], c->address[13], c->address[14],
             c->address[15]);
    for (int i = 0; i < 100; i++) {
        struct outbound_answer answer = {.body = BUF_OF(65536)};
        bool answered;

        outbound_ask(outbound, &request, &answer, done);
        if (loop_run(loop, &last) < 0)
            abort();
        answered = answer.status == 200;
        buf_free(&answer.body);
        if (answered)
            return true;
        wait_ms(20);
    }
    return false;
}

static struct engine_container_spec spec(const char *const *command)
{
    static const char *const environment[] = {"GREETING=hello", NULL};

    return (struct engine_container_spec){.row = id_new(),
                                          .session = id_new(),
                                          .image = IMAGE,
                                          .command = command,
                                          .environment = environment,
                                          .memory_bytes = 256 << 20,
                                          .memory_guarantee_bytes = 64 << 20,
                                          .cpu_millis = 500,
                                          .processes = 64};
}

static void test_life(void)
{
    static const char *const command[] = {"--port=8888", "--ServerApp.base_url=/user/x/", NULL};
    struct engine_container_spec wanted = spec(command);
    struct engine_container c, twin;
    struct engine_container_list list;
    char text[ID_TEXT], name[64];
    cleanup_free char *inspected = NULL;

    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_NONE, "a container is made");
    ok(id_equal(&c.row, &wanted.row) && !c.running, "and does not run yet");
    is_number(wait_for(engine_container_create(engine, &wanted, &twin, done)), ERR_NONE, "asking twice is no error");
    ok(id_equal(&twin.session, &wanted.session) && !twin.running, "and gives the same container");
    is_number(wait_for(engine_container_start(engine, &c, done)), ERR_NONE, "it is started");
    ok(c.running && c.address[10] == 0xff && c.address[12], "and has an address");
    ok(answers(&c), "where it answers");
    is_number(wait_for(engine_container_start(engine, &c, done)), ERR_NONE, "starting it again is no error");
    ok(engine_container_cpu_us(engine, &c.row) > 0, "its processor time is known: %lld us",
       (long long)engine_container_cpu_us(engine, &c.row));
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_NONE, "containers are listed");
    ok(list.count == 1 && id_equal(&list.items[0].row, &c.row) && id_equal(&list.items[0].session, &c.session) &&
           list.items[0].running && memcmp(list.items[0].address, c.address, 16) == 0,
       "with row, session, state and address");
    engine_container_list_free(&list);
    ok(engine_container_cpu_us(engine, &c.row) > 0, "and their processor time stays known");
    snprintf(name, sizeof name, "rb-%s-%s", instance, id_text(text, &c.row));
    inspected = ask_text("/containers/%s/json", name);
    ok(strstr(inspected, "\"User\":\"1000:1000\"") && strstr(inspected, "\"CapDrop\":[\"ALL\"]") &&
           strstr(inspected, "\"SecurityOpt\":[\"no-new-privileges\"]"),
       "it runs as 1000, without capabilities or a way to more");
    ok(strstr(inspected, "\"Memory\":268435456") && strstr(inspected, "\"MemorySwap\":268435456") &&
           strstr(inspected, "\"MemoryReservation\":67108864") && strstr(inspected, "\"NanoCpus\":500000000") &&
           strstr(inspected, "\"PidsLimit\":64"),
       "within its limits");
    ok(strstr(inspected, "\"max-size\":\"1m\"") && strstr(inspected, "\"Init\":true") &&
           !strstr(inspected, "\"HostPort\""),
       "with a small log, a reaper and no port of the machine's");
    is_number(wait_for(engine_container_remove(engine, &c.row, done)), ERR_NONE, "it is removed");
    is_number(wait_for(engine_container_remove(engine, &c.row, done)), ERR_NONE, "removing it again is no error");
    is_number(engine_container_cpu_us(engine, &c.row), -1, "its processor time is unknown then");
    is_number(wait_for(engine_container_start(engine, &c, done)), ERR_ENGINE_MISSING, "it cannot be started any more");
}

static void test_death(void)
{
    static const char *const environment[] = {"STUB_EXIT=3", "STUB_SAY=the last words", NULL};
    struct engine_container_spec wanted = spec(NULL);
    struct engine_container c;
    struct engine_container_list list;
    char tail[2001];

    wanted.environment = environment;
    wait_for(engine_container_create(engine, &wanted, &c, done));
    wait_for(engine_container_start(engine, &c, done));
    wait_ms(500);
    is_number(wait_for(engine_container_list(engine, &list, done)), ERR_NONE, "a container that ended is listed");
    ok(list.count == 1 && !list.items[0].running && list.items[0].exit_code == 3, "with its exit code: %d",
       list.count ? list.items[0].exit_code : -1);
    engine_container_list_free(&list);
    is_number(wait_for(engine_container_tail(engine, &c.row, tail, done)), ERR_NONE, "its last lines can be read");
    ok(strstr(tail, "the last words"), "they say why");
    wait_for(engine_container_remove(engine, &c.row, done));
}

static int outstanding;

static void one_of_many(void *arg, const struct err *e)
{
    if (e && e->code != ERR_NONE)
        last = *e;
    if (--outstanding == 0)
        loop_stop(loop);
}

/* Removed by two at once, one of them cancelled, while a third is made: the network is made by both at the same time.
 */
static void test_at_once(void)
{
    static const char *const command[] = {"--port=8888", "--ServerApp.base_url=/user/x/", NULL};
    struct engine_container_spec wanted[2] = {spec(command), spec(command)};
    struct engine_container c[2];
    struct done many = {one_of_many, NULL};
    struct op *cancelled;
    struct err e;

    is_number(wait_for(engine_network_remove(engine, done)), ERR_NONE, "the network is removed");
    is_number(wait_for(engine_network_remove(engine, done)), ERR_NONE, "also twice");
    last = (struct err){0};
    outstanding = 2;
    for (int i = 0; i < 2; i++)
        engine_container_create(engine, &wanted[i], &c[i], many);
    if (loop_run(loop, &e) < 0)
        abort();
    ok(last.code == ERR_NONE, "two containers made at once agree on one network%s%s", last.code ? ": " : "", last.text);
    wait_for(engine_container_start(engine, &c[0], done));
    cancelled = engine_container_remove(engine, &c[0].row, done);
    wait_ms(50);
    op_cancel(&cancelled);
    outstanding = 3;
    engine_container_remove(engine, &c[0].row, many);
    engine_container_remove(engine, &c[0].row, many);
    engine_container_remove(engine, &c[1].row, many);
    if (loop_run(loop, &e) < 0)
        abort();
    ok(last.code == ERR_NONE, "and removed by two at once without an error%s%s", last.code ? ": " : "", last.text);
}

static void test_refusals(void)
{
    static const char *const command[] = {"--port=8888", NULL};
    struct engine_container_spec wanted = spec(command);
    struct engine_container c;

    wanted.image = "ringbinder/no-such-image:1";
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_ENGINE_MISSING,
              "an image that is not there is missing, and is not pulled");
    wanted.image = "\xff";
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_MALFORMED,
              "what is no UTF-8 is refused");
    wanted = spec(command);
    wanted.memory_bytes = 1;
    wanted.memory_guarantee_bytes = 0;
    is_number(wait_for(engine_container_create(engine, &wanted, &c, done)), ERR_ENGINE_REFUSED,
              "what the engine refuses has its own words");
}

static void test_images(void)
{
    struct engine_image image, again;
    cleanup_free char *name = mem_format("ringbinder/test-%s:one", instance);
    cleanup_free char *label = NULL;

    is_number(wait_for(engine_image_inspect(engine, IMAGE, &image, done)), ERR_NONE, "an image is inspected");
    label = engine_image_label(&image, "io.ringbinder.base");
    ok(str_starts(image.id, "sha256:") && strlen(image.id) == 71 && image.size_bytes > 0 && label && label[0],
       "it has an id, a size and its labels");
    is_number(wait_for(engine_image_tag(engine, image.id, name, done)), ERR_NONE, "it is given another name");
    wait_for(engine_image_inspect(engine, name, &again, done));
    is(again.id, image.id, "which is the same image's");
    free(again.labels);
    is_number(wait_for(engine_image_remove(engine, name, done)), ERR_NONE, "the name is removed");
    is_number(wait_for(engine_image_remove(engine, name, done)), ERR_NONE, "also twice");
    is_number(wait_for(engine_image_inspect(engine, name, &again, done)), ERR_ENGINE_MISSING, "then it is missing");
    is_number(wait_for(engine_image_inspect(engine, IMAGE, &again, done)), ERR_NONE, "and the image is still there");
    free(again.labels);
    free(image.labels);
}

static void test_nothing_left(void)
{
    cleanup_free char *filter = mem_format("{\"label\":[\"io.ringbinder.instance=%s\"]}", instance);
    cleanup_free char *containers = ask_text("/containers/json?all=1&filters=%s", filter), *networks = NULL;

    is(containers, "[]", "no container is left");
    is_number(wait_for(engine_network_remove(engine, done)), ERR_NONE, "the network goes when nobody is on it");
    networks = ask_text("/networks?filters=%s", filter);
    is(networks, "[]", "and no network is left");
}

int main(void)
{
    struct engine_settings settings = {SOCKET, instance, 200};
    struct watch watch = {.wake = woken, .arg = &loop};
    struct stat socket;
    struct err e;

    if (stat(SOCKET, &socket) < 0) {
        printf("1..0 # SKIP no engine at " SOCKET "\n");
        return 0;
    }
    if (!ok(system("${SRCDIR:-.}/images/stub/build >&2") == 0, "there is an image to run"))
        return 1;
    id_random_text(instance, 8, "0123456789abcdef");
    if (loop_new(&loop, &e) < 0 || outbound_new(&outbound, loop, &e) < 0 ||
        engine_new(&engine, loop, outbound, &settings, &e) < 0)
        return 1;
    is_number(engine_state(engine), ERR_ENGINE_GONE, "an engine is away until it has answered");
    engine_watch(engine, &watch);
    if (loop_run(loop, &e) < 0)
        return 1;
    is_number(engine_state(engine), ERR_NONE, "watchers hear that it came");
    ok(engine_can(engine) & ENGINE_CAN_TRACE && engine_can(engine) & ENGINE_CAN_STOP_BUILD, "it says what it can");
    watch.arg = NULL;
    news = 0;
    test_life();
    ok(news >= 3, "watchers hear of start, end and removal (%d times)", news);
    test_death();
    test_at_once();
    test_refusals();
    test_images();
    test_nothing_left();
    watch_end(&watch);
    engine_free(&engine);
    outbound_free(&outbound);
    loop_free(&loop);
    return tap_end();
}
