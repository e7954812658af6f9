/* The operator's lists and what is done with their rows, over a real socket and store; the other rooms are fakes. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>
#include <stdlib.h>

#include "../fake/client.h"
#include "../fake/launch.h"
#include "../fake/operator.h"
#include "api/api.h"
#include "api/list.h"
#include "api/stop.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "federation/health.h"
#include "store/event.h"
#include "tap.h"

#define PORTAL "portal.sock"
#define ADMIN "admin.sock"
#define STATE "state.db"

static struct api *api;
static struct store *store;
static int portal_fd, admin_fd;
static struct err e;

enum err_code engine_state(const struct engine *en)
{
    return ERR_NONE;
}

void engine_watch(struct engine *en, struct watch *w)
{
}

size_t session_places(const struct sessions *all)
{
    return SIZE_MAX;
}

size_t session_count(const struct sessions *all)
{
    return fake_operator.n_sessions;
}

/* ---- asking ---- */

/* The JSON of an answer; to be released. NULL: it is none, or its status is another. */
static json_t *told(int status, const char *line)
{
    const char *answer = ask_with(ADMIN, line, ""), *begin = strchr(body_of(answer), '{'); /* of its one chunk */

    return status_of(answer) == status && begin ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

static const char *text_at(const json_t *json, const char *list, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(json, list), i), key));
}

static const char *error_text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json_object_get(json, "error"), key));
}

static struct id id_of(uint8_t first)
{
    return (struct id){{first, 1, 2, 3}};
}

/* ---- rows ---- */

static void add_session(const char *name, const char *repository)
{
    struct session *s = &fake_operator.sessions[fake_operator.n_sessions];
    struct store_session row = {.id = id_of((uint8_t)++fake_operator.n_sessions), .created = 1000};

    *s = (struct session){.state = SESSION_RUNNING};
    s->view = (struct session_view){.id = row.id, .name = name, .state = "running", .memory_bytes = 7};
    str_copy(row.name, sizeof row.name, name);
    str_copy(row.repo_url, sizeof row.repo_url, repository);
    if (store_session_put(store, &row, &e) < 0)
        exit(1);
}

static void add_build(uint8_t id, const char *image, int64_t ended)
{
    struct store_build row = {.id = id_of(id), .created = 1000, .started = 2000, .ended = ended};

    str_copy(row.image, sizeof row.image, image);
    str_copy(row.state, sizeof row.state, ended ? "failed" : "running");
    row.code = ended ? ERR_BUILD_STEP : 0;
    if (store_build_put(store, &row, &e) < 0)
        exit(1);
    if (!ended)
        fake_operator.builds[fake_operator.n_builds++] = row;
}

static void add_image(uint8_t id, const char *name, int64_t used)
{
    struct store_image row = {.id = id_of(id), .used = used};

    str_copy(row.name, sizeof row.name, name);
    snprintf(row.engine_id, sizeof row.engine_id, "sha256:%d", id);
    if (store_image_put(store, &row, &e) < 0)
        exit(1);
}

/* ---- what is promised ---- */

static void test_sessions(void)
{
    json_t *json;

    add_session("one-a1", "https://h/\x1b[31mred");
    add_session("two-b2", "https://h/two");
    json = told(200, "GET /api/sessions");
    is(text_at(json, "sessions", 0, "name"), "one-a1", "sessions are listed by name");
    is(text_at(json, "sessions", 0, "repository"), "https://h/\x1b[31mred", "with what they serve, as it is");
    is_number(json_integer_value(json_object_get(json_array_get(json_object_get(json, "sessions"), 1), "memory_bytes")),
              7, "and their memory");
    ok(!strstr(ask_with(ADMIN, "GET /api/sessions", ""), "token"), "never with a token");
    ok(json_is_false(json_object_get(json, "more")), "these are all");
    json_decref(json);
    json = told(200, "GET /api/sessions?limit=1");
    is_number((long long)json_array_size(json_object_get(json, "sessions")), 1, "a limit is kept");
    ok(json_is_true(json_object_get(json, "more")), "and that there are more is said");
    json_decref(json);
    json = told(400, "GET /api/sessions?limit=1001");
    is(error_text(json, "code"), "RB1908", "a limit beyond the bound is refused");
    json_decref(json);
    is_number(status_of(ask_with(ADMIN, "GET /api/sessions?limit=x", "")), 400, "so is one that is no number");
    is_number(status_of(ask_with(PORTAL, "GET /api/sessions", "")), 404, "the portal knows nothing of it");
    is_number(status_of(ask_with(PORTAL, "DELETE /api/sessions/one-a1", "")), 405, "and ends nothing");
}

static void test_stopping_sessions(void)
{
    cleanup_free char *longest = mem_format("DELETE /api/sessions/two-b2?because=%0*d", STOP_REASON_MAX, 0);
    cleanup_free char *too_long = mem_format("DELETE /api/sessions/two-b2?because=%0*d", STOP_REASON_MAX + 1, 0);
    json_t *json = told(200, "DELETE /api/sessions/one-a1?because=disk+%1b%5b2J%0Acheck");

    is(json_string_value(json_object_get(json, "name")), "one-a1", "a session is ended by its name");
    is_number(fake_operator.why.code, ERR_SESSION_STOPPED, "with a code of its own");
    is(fake_operator.why.text, "an operator of this service ended the session: disk check",
       "and the operator's reason, as one plain line");
    json_decref(json);
    json = told(404, "DELETE /api/sessions/one-a1");
    is(error_text(json, "text"), "the session one-a1 has ended already", "a second time there is nothing to end");
    json_decref(json);
    json = told(404, "DELETE /api/sessions/nobody");
    is(error_text(json, "text"), "there is no session nobody", "what is not there is said");
    json_decref(json);
    ok(strstr(ask_with(ADMIN, "POST /api/sessions/two-b2", ""), "\r\nAllow: DELETE, OPTIONS\r\n"),
       "another method is told which ones there are");
    is_number(status_of(ask_with(ADMIN, too_long, "")), 400, "a reason that is too long is refused");
    fake_operator.keeps = true;
    json = told(503, "DELETE /api/sessions/two-b2");
    is(error_text(json, "code"), "RB1801", "an end that cannot be kept is an error");
    json_decref(json);
    fake_operator.keeps = false;
    is_number(status_of(ask_with(ADMIN, longest, "")), 200, "the longest reason fits");
}

static void test_session_log(void)
{
    json_t *json;

    add_session("three-c3", "https://h/three");
    fake_operator.printed = "line one\n\x1b[1mline two\n";
    fake_operator.engine_ms = 500;
    json = told(200, "GET /api/sessions/three-c3/log");
    is(json_string_value(json_object_get(json, "text")), "line one\n\x1b[1mline two\n",
       "what a container printed comes when the engine has it");
    json_decref(json);
    fake_operator.engine_fails = ERR_ENGINE_GONE;
    json = told(200, "GET /api/sessions/three-c3/log");
    is(error_text(json, "code"), "RB1201", "without the engine, that is said");
    json_decref(json);
    fake_operator.engine_fails = ERR_NONE;
    is_number(status_of(ask_with(ADMIN, "GET /api/sessions/nobody/log", "")), 404, "nobody has no log");
}

static void test_waiting_does_not_block(void)
{
    struct client slow;

    fake_operator.engine_ms = 5000;
    client_open(&slow, ADMIN, "GET /api/images HTTP/1.1\r\nHost: h\r\n\r\n");
    pass(100);
    is_number(status_of(ask_with(ADMIN, "GET /api/sessions", "")), 200,
              "others are answered while the engine is asked");
    ok(arrives(&slow, "\"more\": false}"), "and then comes the answer");
    client_close(&slow);
    fake_operator.engine_ms = 0;
}

static void test_builds(void)
{
    json_t *json;

    add_build(0xab, "ringbinder/i-one:1", 0);
    add_build(0xcd, "ringbinder/i-two:1", 0);
    add_build(0x01, "ringbinder/i-old:1", 5000);
    add_build(0x02, "ringbinder/i-new:1", 6000);
    json = told(200, "GET /api/builds");
    is(text_at(json, "builds", 0, "image"), "ringbinder/i-one:1", "what runs comes first");
    is_number(json_integer_value(json_object_get(json_array_get(json_object_get(json, "builds"), 1), "place")), 1,
              "then what waits, with its place");
    is(text_at(json, "builds", 2, "image"), "ringbinder/i-new:1", "then the newest that ended");
    is(text_at(json, "builds", 2, "code"), "RB1510", "with its code");
    is(text_at(json, "builds", 3, "image"), "ringbinder/i-old:1", "and the older ones");
    json_decref(json);
    json = told(200, "GET /api/builds?limit=3");
    ok(json_array_size(json_object_get(json, "builds")) == 3 && json_is_true(json_object_get(json, "more")),
       "a limit counts all of them");
    json_decref(json);
}

static void test_stopping_builds(void)
{
    struct id one = id_of(0xab);
    json_t *json = told(200, "DELETE /api/builds/ab0102?because=too+big");

    ok(id_equal(&fake_operator.stopped, &one), "a build is stopped by the beginning of its id");
    is(fake_operator.why.text, "an operator of this service stopped the build: too big", "with the reason");
    json_decref(json);
    json = told(200, "DELETE /api/builds/ringbinder%2Fi-two%3A1");
    ok(json, "or by its image's name");
    json_decref(json);
    json = told(404, "DELETE /api/builds/none");
    is(error_text(json, "code"), "RB1907", "what is not there is said");
    json_decref(json);
    add_build(0xab, "ringbinder/i-three:1", 0);
    json = told(409, "DELETE /api/builds/ab01");
    is(error_text(json, "text"), "ab01 is how 2 builds begin: write more of it", "and what is not one build, too");
    json_decref(json);
}

static void test_build_log(void)
{
    json_t *json;

    fake_operator.log = "{\"message\":\"a\\n\"}\n{\"message\":\"b\\n\"}\n";
    json = told(200, "GET /api/builds/cd01/log");
    is(text_at(json, "lines", 0, "message"), "a\n", "a log's lines come in order");
    is(text_at(json, "lines", 1, "message"), "b\n", "to the last");
    is_number(json_integer_value(json_object_get(json, "at")), (long long)strlen(fake_operator.log),
              "with the place to go on from");
    ok(json_is_false(json_object_get(json, "ended")), "it may go on");
    json_decref(json);
    fake_operator.log_ended = true;
    json = told(200, "GET /api/builds/cd01/log?at=18");
    ok(json_array_size(json_object_get(json, "lines")) == 1 && json_is_true(json_object_get(json, "ended")),
       "who has the first line gets the second, and that it was the last");
    json_decref(json);
    json = told(200, "GET /api/builds/cd01/log?at=9999999");
    is_number((long long)json_array_size(json_object_get(json, "lines")), 0, "behind the end there is nothing");
    json_decref(json);
}

static void test_images(void)
{
    json_t *json;

    add_image(1, "ringbinder/i-a:1", 100);
    add_image(2, "ringbinder/i-b:1", 200);
    fake_operator.image = (struct engine_image_size){"sha256:1", 4096};
    json = told(200, "GET /api/images");
    is(text_at(json, "images", 0, "name"), "ringbinder/i-b:1", "images come by their last launch");
    is_number(json_integer_value(json_object_get(json_array_get(json_object_get(json, "images"), 1), "size_bytes")),
              4096, "with the engine's size");
    is_number(json_integer_value(json_object_get(json_array_get(json_object_get(json, "images"), 0), "size_bytes")), -1,
              "which is -1 for one that the engine does not have");
    json_decref(json);
    fake_operator.engine_fails = ERR_ENGINE_GONE;
    json = told(200, "GET /api/images?limit=1");
    is(text_at(json, "images", 0, "name"), "ringbinder/i-b:1", "without the engine the rows are there");
    is(error_text(json, "code"), "RB1201", "with what is missing");
    ok(json_is_true(json_object_get(json, "more")), "and a limit is kept");
    json_decref(json);
    fake_operator.engine_fails = ERR_NONE;
}

static void add_event(const char *kind, enum err_code code)
{
    struct id session = id_of(1);
    struct store_event event = {.kind = kind, .code = code, .session = &session, .json = "{\"n\": 1}"};

    if (store_event_add(store, &event, &e) < 0)
        exit(1);
}

static void test_events(void)
{
    json_t *json, *row;

    for (int i = 0; i < 5; i++)
        add_event(i == 4 ? "session.ended" : "session.made", i == 4 ? ERR_SESSION_IDLE : ERR_NONE);
    json = told(200, "GET /api/events?limit=2");
    is(text_at(json, "events", 1, "kind"), "session.ended", "without a place one gets the last ones");
    row = json_array_get(json_object_get(json, "events"), 1);
    is(json_string_value(json_object_get(row, "session_name")), "one-a1", "with their subjects' names");
    is(json_string_value(json_object_get(row, "code")), "RB1609", "their code");
    is_number(json_integer_value(json_object_get(json_object_get(row, "details"), "n")), 1, "and what else is known");
    is_number(json_integer_value(json_object_get(row, "sequence")), 5, "and their place");
    json_decref(json);
    json = told(200, "GET /api/events?after=1&limit=2");
    row = json_array_get(json_object_get(json, "events"), 0);
    ok(json_integer_value(json_object_get(row, "sequence")) == 2 && json_is_true(json_object_get(json, "more")),
       "from a place on they come oldest first, and more is told");
    json_decref(json);
    json = told(200, "GET /api/events?after=5");
    is_number((long long)json_array_size(json_object_get(json, "events")), 0, "behind the last one there is nothing");
    json_decref(json);
    json = told(200, "GET /api/events?since=99999999999999");
    is_number((long long)json_array_size(json_object_get(json, "events")), 0, "nothing has happened in the future");
    json_decref(json);
    json = told(200, "GET /api/events?since=1");
    is_number((long long)json_array_size(json_object_get(json, "events")), 5, "and everything since the beginning");
    json_decref(json);
}

static void test_stopping_while_asked(void)
{
    struct client c;

    fake_operator.engine_ms = 60000;
    client_open(&c, ADMIN, "GET /api/images HTTP/1.1\r\nHost: h\r\n\r\n");
    pass(100);
    api_free(&api);
    is_number(fake_operator.cancelled, 1, "stopping cancels what the engine is asked");
    ok(arrives(&c, NULL), "and ends the connection");
    client_close(&c);
}

static void start(void)
{
    cleanup_free char *web = mem_format("%s/web", getenv("SRCDIR") ? getenv("SRCDIR") : ".");
    struct api_parts parts = {.loop = loop};
    struct api_settings settings = {.web_dir = web,
                                    .portal_url = "http://h/",
                                    .badge_base_url = "",
                                    .cors_allow_origin = "",
                                    .keepalive_ms = 25000};

    if (store_open(&store, STATE, &e) < 0 ||
        fd_listen_unix(&portal_fd, PORTAL, SOCK_STREAM | SOCK_NONBLOCK, 0600, &e) < 0 ||
        fd_listen_unix(&admin_fd, ADMIN, SOCK_STREAM | SOCK_NONBLOCK, 0600, &e) < 0)
        exit(1);
    settings.portal_fd = portal_fd;
    settings.admin_fd = admin_fd;
    parts.store = store;
    if (api_new(&api, &parts, &settings, &e) < 0) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

int main(void)
{
    char folder[] = "/tmp/test-api-operator-XXXXXX",
         *source = realpath(getenv("SRCDIR") ? getenv("SRCDIR") : ".", NULL);
    cleanup_free char *remove = NULL;

    if (!source || !mkdtemp(folder) || chdir(folder) < 0 || setenv("SRCDIR", source, 1) < 0 || loop_new(&loop, &e) < 0)
        return 1;
    start();
    test_sessions();
    test_stopping_sessions();
    test_session_log();
    test_waiting_does_not_block();
    test_builds();
    test_stopping_builds();
    test_build_log();
    test_images();
    test_events();
    test_stopping_while_asked();
    close(portal_fd);
    close(admin_fd);
    store_close(&store);
    loop_free(&loop);
    remove = mem_format("rm -r %s", folder);
    ok(system(remove) == 0, "(cleared away)");
    free(source);
    return tap_end();
}
