/* The portal's and the operator's requests, over real sockets and libmicrohttpd; launches, engine and counts are fakes.
 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "api/api.h"
#include "api/parts.h"
#include "api/routes.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "federation/health.h"
#include "federation/hold.h"
#include "launch/launch.h"
#include "loop/loop.h"
#include "session/session.h"
#include "store/rows.h"
#include "../fake/client.h"
#include "../fake/launch.h"
#include "tap.h"

#define PORTAL "portal.sock"
#define ADMIN "admin.sock"
#define STATE "state.db"
#define BADGE "https://badge/</script>&'"

/* ---- what the room asks ---- */

static enum err_code engine_is;
static struct list engine_watchers = {&engine_watchers, &engine_watchers};

enum err_code engine_state(const struct engine *en)
{
    return engine_is;
}

void engine_watch(struct engine *en, struct watch *w)
{
    watch_begin(&engine_watchers, w);
}

size_t session_count(const struct sessions *all)
{
    return 3;
}

static size_t places = SIZE_MAX;

size_t session_places(const struct sessions *all)
{
    return places;
}

/* ---- the appliance's side ---- */

static struct api *api;
static struct health *health;
static struct store *store;
static int portal_fd, admin_fd;
static struct err e;

/* With two builds that have not ended. */
static void open_store(void)
{
    struct store_build one = {.id = {{1}}, .created = 1}, two = {.id = {{2}}, .created = 2};

    if (store_open(&store, STATE, &e) < 0 || store_build_put(store, &one, &e) < 0 ||
        store_build_put(store, &two, &e) < 0)
        exit(1);
}

static void close_store(void)
{
    store_close(&store);
    unlink(STATE);
    unlink(STATE ".lock");
}

static void start_with(const char *cors)
{
    struct api_parts parts = {.loop = loop, .store = store};
    struct api_settings settings = {.web_dir = "web",
                                    .portal_url = "http://127.0.0.1:8585/",
                                    .badge_base_url = BADGE,
                                    .cors_allow_origin = cors,
                                    .keepalive_ms = 25000};

    if (fd_listen_unix(&portal_fd, PORTAL, SOCK_STREAM | SOCK_NONBLOCK, 0600, &e) < 0 ||
        fd_listen_unix(&admin_fd, ADMIN, SOCK_STREAM | SOCK_NONBLOCK, 0600, &e) < 0)
        exit(1);
    settings.portal_fd = portal_fd;
    settings.admin_fd = admin_fd;
    settings.web_dir = mem_format("%s/web", getenv("SRCDIR") ? getenv("SRCDIR") : ".");
    parts.health = health = health_new(loop, NULL, store, 90000);
    if (api_new(&api, &parts, &settings, &e) < 0) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    free((char *)settings.web_dir);
}

static void stop(void)
{
    api_free(&api);
    health_free(&health);
    close(portal_fd);
    close(admin_fd);
}

static const char *ask(const char *line)
{
    return ask_with(PORTAL, line, "");
}

/* ---- what is promised ---- */

static void test_path_shapes(void)
{
    static const struct {
        const char *shape, *path, *want;
    } cases[] = {
        {"/", "/", "yes:"},
        {"/", "/x", "no"},
        {"/health", "/health", "yes:"},
        {"/health", "/health/", "no"},
        {"/health", "/healt", "no"},
        {"/build/*/**", "/build/git/a%2Fb/HEAD", "yes:git:a%2Fb/HEAD"},
        {"/build/*/**", "/build/git/", "no"},
        {"/build/*/**", "/build/git", "no"},
        {"/build/*/**", "/build//x", "no"},
        {"/build/*/**", "/build/git//", "yes:git:/"},
        {"/static/*", "/static/app.js", "yes:app.js"},
        {"/static/*", "/static/a/b", "no"},
        {"/static/*", "/static/", "no"},
        {"/**", "/", "yes::"},
        {"/**", "/any/thing", "yes::any/thing"},
        {"/**", "*", "no"},
        {"/**", "", "no"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice first = {"", 0}, rest = {"", 0};
        char got[64];
        cleanup_free char *what = mem_format("%s against %s", cases[i].path, cases[i].shape);

        if (!route_matches(cases[i].shape, slice_of(cases[i].path), &first, &rest))
            snprintf(got, sizeof got, "no");
        else if (strstr(cases[i].shape, "**"))
            snprintf(got, sizeof got, "yes:%.*s:%.*s", (int)first.len, first.at, (int)rest.len, rest.at);
        else
            snprintf(got, sizeof got, "yes:%.*s", (int)first.len, first.at);
        is(got, cases[i].want, what);
    }
}

static void test_statuses(void)
{
    static const struct {
        const char *socket, *line;
        int status;
    } cases[] = {
        {PORTAL, "GET /", 200},
        {PORTAL, "GET /v2/git/https%3A%2F%2Fh%2Fr/HEAD?labpath=a.ipynb", 200},
        {PORTAL, "GET /v2/nosuch/a/b", 404},
        {PORTAL, "GET /v2/git/", 404},
        {PORTAL, "GET /build/git/", 404},
        {PORTAL, "GET /build/x", 404},
        {PORTAL, "GET /nothing/here", 404},
        {PORTAL, "GET /status", 404},
        {PORTAL, "GET /static/app.js", 200},
        {PORTAL, "GET /static/app.js?v=1", 200},
        {PORTAL, "GET /static/nosuch.js", 404},
        {PORTAL, "GET /static/..%2Findex.html", 404},
        {PORTAL, "GET /favicon.ico", 200},
        {PORTAL, "GET /robots.txt", 200},
        {PORTAL, "GET /versions", 200},
        {PORTAL, "GET /api/repoproviders", 200},
        {PORTAL, "GET /health", 200},
        {PORTAL, "HEAD /health", 200},
        {PORTAL, "HEAD /static/app.js", 200},
        {PORTAL, "HEAD /", 405},
        {PORTAL, "HEAD /versions", 405},
        {PORTAL, "HEAD /build/git/x/y", 405},
        {PORTAL, "POST /build/git/x/y", 405},
        {PORTAL, "DELETE /", 405},
        {PORTAL, "PUT /static/app.js", 405},
        {PORTAL, "OPTIONS /versions", 200},
        {PORTAL, "OPTIONS /build/git/x/y", 200},
        {PORTAL, "OPTIONS *", 404},
        {ADMIN, "GET /status", 200},
        {ADMIN, "GET /health", 200},
        {ADMIN, "GET /", 404},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        is_number(status_of(ask_with(cases[i].socket, cases[i].line, "")), cases[i].status, cases[i].line);
    ok(strstr(ask("DELETE /"), "\r\nAllow: GET, OPTIONS\r\n"), "a refused method is told which ones there are");
    is(body_of(ask("HEAD /static/app.js")), "", "HEAD has no body");
    ok(strstr(ask("GET /"), "\r\nServer: Ringbinder/"), "the server names itself");
    is_number(status_of(ask_with(PORTAL, "POST /build/git/x/y", "Content-Length: 5\r\n")), 405,
              "a request with a body that does not come is answered at once");
}

static void test_large_heads(void)
{
    cleanup_free char *long_path = mem_format("GET /%020000d", 0), *too_long = mem_format("GET /%070000d", 0);
    cleanup_buf struct buf arguments = BUF_OF(65536), fields = BUF_OF(65536);

    buf_add_text(&arguments, "GET /versions?");
    for (int i = 0; i < 14000; i++)
        buf_add_text(&arguments, "a&");
    for (int i = 0; i < 95; i++)
        buf_add_format(&fields, "X-%d: %0280d\r\n", i, 0);
    is_number(status_of(ask(buf_text(&arguments))), 200, "a query of 14,000 arguments is only a query");
    is_number(status_of(ask_with(PORTAL, "GET /versions", buf_text(&fields))), 200,
              "the largest head that the gateway passes on is taken");
    is_number(status_of(ask(long_path)), 404, "a path of 20,000 bytes is only a path");
    ok(status_of(ask(too_long)) >= 400, "a head beyond the pool is refused");
}

/* The text between the first <script> and </script>; borrowed from a buffer of its own. */
static const char *first_script(const char *html)
{
    static char script[16384];
    const char *begin = strstr(html, "<script>"), *end = begin ? strstr(begin, "</script>") : NULL;

    snprintf(script, sizeof script, "%.*s", end ? (int)(end - begin - 8) : 0, begin ? begin + 8 : "");
    return script;
}

static void test_shell_script(void)
{
    const char *answer = ask("GET /v2/git/https%3A%2F%2Fh%2Fr/HEAD"), *script = first_script(answer);
    char hash[64], want[128];
    uint8_t digest[crypto_hash_sha256_BYTES];
    json_t *config = NULL;

    ok(str_starts(script, "window.pageConfig = {") && str_ends(script, "};"), "the first script sets pageConfig alone");
    if (strlen(script) > 22)
        config = json_loadb(script + 20, strlen(script) - 21, 0, NULL);
    ok(config, "and its value is JSON");
    ok(!strpbrk(script, "<>&'"), "in which nothing can end the script");
    is(json_string_value(json_object_get(config, "baseUrl")), "/", "baseUrl");
    is(json_string_value(json_object_get(config, "badgeBaseUrl")), BADGE, "badgeBaseUrl");
    is(json_string_value(json_object_get(config, "logoWidth")), "320px", "logoWidth");
    ok(json_array_size(json_object_get(config, "repoProviders")) > 0, "repoProviders");
    json_decref(config);
    crypto_hash_sha256(digest, (const uint8_t *)script, strlen(script));
    sodium_bin2base64(hash, sizeof hash, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    snprintf(want, sizeof want, "script-src 'self' 'sha256-%s';", hash);
    ok(strstr(answer, want), "the policy allows that script by its hash");
    ok(strstr(answer, "default-src 'self'") && strstr(answer, "frame-ancestors 'none'"), "and is strict otherwise");
    ok(!strstr(answer, "unsafe"), "without unsafe-inline");
}

static void test_shell_text(void)
{
    const char *answer = ask("GET /");

    ok(strstr(answer, "<div id=\"root\"></div>"), "the shell has its root");
    ok(strstr(answer, "GitHub"), "and names GitHub");
    ok(strstr(answer, "\"og:title\" content=\"The Binder Project\""), "the front page's title");
    ok(strstr(answer, "\"og:image\" content=\"http://127.0.0.1:8585/static/icon.svg\""), "an image has a whole URL");
    ok(strstr(answer, "\r\nContent-Type: text/html; charset=UTF-8\r\n"), "the shell's type");
    answer = ask("GET /v2/git/a%22b\"&<i>'/HEAD");
    ok(strstr(answer, "\"og:title\" content=\"Git repository: a%22b&#34;&#38;&#60;i&#62;&#39;/HEAD\""),
       "a launch's title is its raw spec, escaped");
    answer = ask("GET /v2/git/%00/HEAD");
    ok(strstr(answer, "content=\"Git repository: %00/HEAD\""), "an escaped NUL stays escaped");
    ok(strstr(ask("GET /nothing"), "<div id=\"root\"></div>"), "what is not there is said by the shell");
}

static void test_conditional(void)
{
    const char *at = strstr(ask("GET /static/app.js"), "\r\nETag: ");
    char etag[64] = "";
    cleanup_free char *fields = NULL, *list = NULL;

    if (at)
        snprintf(etag, sizeof etag, "%.*s", (int)strcspn(at + 8, "\r"), at + 8);
    ok(etag[0] == '"' && strlen(etag) == 34, "files have a strong ETag");
    fields = mem_format("If-None-Match: %s\r\n", etag);
    is_number(status_of(ask_with(PORTAL, "GET /static/app.js", fields)), 304, "who has the file gets 304");
    is(body_of(ask_with(PORTAL, "GET /static/app.js", fields)), "", "without the file");
    list = mem_format("If-None-Match: \"x\", W/%s\r\n", etag);
    is_number(status_of(ask_with(PORTAL, "GET /static/app.js", list)), 304, "also by a weak tag in a list");
    is_number(status_of(ask_with(PORTAL, "GET /static/style.css", fields)), 200, "another file's tag does not count");
    is_number(status_of(ask_with(PORTAL, "GET /nothing", "If-None-Match: *\r\n")), 404, "404 stays 404");
}

static void test_cors(void)
{
    ok(!strstr(ask("GET /health"), "Access-Control-Allow-Origin"), "no origin may read by default");
    ok(strstr(ask("GET /versions"), "\r\nAccess-Control-Allow-Origin: *\r\n"), "but every one may read /versions");
    stop();
    start_with("https://my.site");
    ok(strstr(ask("GET /health"), "\r\nAccess-Control-Allow-Origin: https://my.site\r\n"), "the origin that was set");
    ok(strstr(ask("OPTIONS /build/git/x/y"), "\r\nAccess-Control-Allow-Headers: cache-control, last-event-id\r\n"),
       "a preflight tells which fields may be sent");
    ok(!strstr(ask("GET /static/app.js"), "Access-Control"), "files have no such fields");
    ok(strstr(ask("GET /versions"), "\r\nAccess-Control-Allow-Origin: *\r\n"), "/versions stays open to all");
    stop();
    start_with("");
}

static void test_state(void)
{
    is(body_of(ask("GET /health")),
       "{\"ok\": true, \"checks\": [{\"service\": \"Docker registry\", \"ok\": true}, "
       "{\"service\": \"JupyterHub API\", \"ok\": true}, {\"service\": \"Pod quota\", \"total_pods\": 5, "
       "\"build_pods\": 2, \"user_pods\": 3, \"quota\": null, \"ok\": true, \"_ignore_failure\": true}]}",
       "/health has its three checks in their order");
    places = 40;
    ok(strstr(body_of(ask("GET /health")), "\"quota\": 45, \"ok\": true"),
       "the quota is what there would be with every place taken");
    places = 0;
    ok(strstr(body_of(ask("GET /health")), "\"total_pods\": 5, \"build_pods\": 2, \"user_pods\": 3, \"quota\": 5, "),
       "so it is reached when nobody is let in any more");
    places = SIZE_MAX;
    engine_is = ERR_SYSTEM;
    is_number(status_of(ask("GET /health")), 503, "without the engine it is 503");
    ok(strstr(ask("GET /health"), "{\"ok\": false, "), "and says so");
    is_number(status_of(ask("HEAD /health")), 503, "HEAD as well");
    ok(strstr(ask_with(ADMIN, "GET /status", ""), "\"engine\": {\"ok\": false, \"code\": 1002"),
       "/status names the code");
    engine_is = ERR_NONE;
    watch_wake_all(&engine_watchers);
    is_number(status_of(ask("GET /health")), 503, "an engine that came back is not trusted at once");
    pass(91000);
    is_number(status_of(ask("GET /health")), 200, "but after its hold");
    is(body_of(ask_with(ADMIN, "GET /status", "")),
       "{\"version\": \"" RINGBINDER_VERSION "\", \"engine\": {\"ok\": true, \"code\": 0, \"text\": \"\"}, "
       "\"sessions\": 3, \"builds\": 2, \"streams\": 0}",
       "/status");
    is(body_of(ask("GET /versions")),
       "{\"binderhub\": \"ringbinder-" RINGBINDER_VERSION
       "\", \"builder_info\": {\"ringbinder-version\": \"" RINGBINDER_VERSION "\"}}",
       "/versions is honest");
}

static void test_hold(void)
{
    struct hold h = {0};

    ok(!hold_turn(&h, false, 0, 100), "bad from the start is bad");
    ok(hold_turn(&h, true, 10, 100), "the first good look counts at once");
    ok(!hold_turn(&h, false, 20, 100), "and so does a bad one");
    ok(!hold_turn(&h, true, 30, 100), "after a fall good has to last");
    ok(!hold_turn(&h, true, 129, 100), "all of the time");
    ok(hold_turn(&h, true, 130, 100), "and then it counts");
    ok(!hold_turn(&h, false, 140, 100) && !hold_turn(&h, true, 150, 100) && !hold_turn(&h, false, 200, 100) &&
           !hold_turn(&h, true, 210, 100) && !hold_turn(&h, true, 260, 100) && hold_turn(&h, true, 310, 100),
       "a second fall begins the time again");
}

#define WATCH(spec) "GET /build/git/" spec " HTTP/1.1\r\nHost: my.host\r\nAccept: text/event-stream\r\n" GATEWAY "\r\n"
#define GATEWAY "X-Forwarded-Proto: https\r\nX-Real-IP: 192.0.2.7\r\n"

static void test_wish(void)
{
    struct client c;

    fake_launch_reset();
    fake_launch_say("data: {\"phase\":\"failed\"}\n\n");
    fake_launch_end();
    client_open(&c, PORTAL, WATCH("https%3A%2F%2Fh%2Fr/a%2Fb/?build_token=x&y"));
    ok(arrives(&c, "\r\n0\r\n\r\n"), "a launch that fails at once has one event and ends");
    client_close(&c);
    is(fake_launch_asked, "git https%3A%2F%2Fh%2Fr/a%2Fb/ accept=text/event-stream origin=https://my.host",
       "the launch gets the raw spec, the Accept field and the portal as the visitor sees it");
    is(fake_launch_address, "192.0.2.7", "and the reader the address that the gateway saw");
    client_open(&c, ADMIN, WATCH("x/y"));
    ok(arrives(&c, "\r\n0\r\n\r\n"), "the operator launches, too");
    client_close(&c);
    is(fake_launch_asked, "git x/y accept=text/event-stream origin=http://127.0.0.1:8585",
       "and the launch's portal is the real one");
    is(fake_launch_address, "(none)", "from nowhere");
    client_open(&c, PORTAL, "GET /build/nosuch/a/b HTTP/1.1\r\nHost: bad\"host\r\n\r\n");
    ok(arrives(&c, "\r\n0\r\n\r\n"), "an unknown provider is the launch's to refuse");
    client_close(&c);
    is(fake_launch_asked, "nosuch a/b accept=(none) origin=http://127.0.0.1:8585", "a Host that is none is not taken");
}

static void test_stream(void)
{
    struct client c;

    fake_launch_reset();
    client_open(&c, PORTAL, WATCH("x/y"));
    ok(arrives(&c, "\r\n\r\n"), "the head is there before the first event");
    ok(strstr(buf_text(&c.got), "HTTP/1.1 200 ") && strstr(buf_text(&c.got), "\r\nContent-Type: text/event-stream\r\n"),
       "it is an event stream");
    ok(strstr(buf_text(&c.got), "\r\nCache-Control: no-cache\r\n"), "that nobody keeps");
    ok(strstr(buf_text(&c.got), "\r\nTransfer-Encoding: chunked\r\n"), "and chunked");
    buf_clear(&c.got);
    fake_launch_say("data: one\n\n");
    ok(arrives(&c, "\n\n"), "an event is sent");
    is(buf_text(&c.got), "B\r\ndata: one\n\n\r\n", "as a chunk of its own, as it comes");
    buf_clear(&c.got);
    fake_launch_say("data: two\n\n");
    ok(arrives(&c, "data: two\n\n\r\n"), "and the next");
    buf_clear(&c.got);
    pass(60000);
    is(buf_text(&c.got), "C\r\n:keepalive\n\n\r\nC\r\n:keepalive\n\n\r\n", "two keepalives in a minute");
    buf_clear(&c.got);
    fake_launch_end();
    ok(arrives(&c, "0\r\n\r\n"), "the end of the feed ends the stream");
    is_number(fake_launch_readers, 0, "and its reader");
    client_close(&c);
}

static void test_coming_back(void)
{
    const char *answer;

    fake_launch_reset();
    fake_launch_say("data: one\n\n");
    fake_launch_say("data: two\n\n");
    fake_launch_end();
    answer = ask_with(PORTAL, "GET /build/git/x/y", "Accept: text/event-stream\r\nLast-Event-ID: 1\r\n");
    ok(!strstr(answer, "data: one") && strstr(answer, "data: two"), "who comes back goes on behind the event's id");
    answer = ask_with(PORTAL, "GET /build/git/x/y", "Accept: text/event-stream\r\nLast-Event-ID: 2\r\n");
    is_number(status_of(answer), 204, "and behind the last one gets 204, which stops an EventSource");
    is(body_of(answer), "", "without a body");
    is_number(fake_launch_readers, 0, "and without a reader");
}

/* An empty feed, and a client that has its stream's head. */
static void watch_new_feed(struct client *c)
{
    fake_launch_reset();
    client_open(c, PORTAL, WATCH("x/y"));
    arrives(c, "\r\n\r\n");
}

static void test_leaving(void)
{
    struct client c;

    watch_new_feed(&c);
    is_number(fake_launch_readers, 1, "one watches");
    client_close(&c);
    pass(1000);
    is_number(fake_launch_readers, 0, "a client that leaves is noticed without anything being sent to it");
    client_open(&c, PORTAL, WATCH("x/y"));
    arrives(&c, "\r\n\r\n");
    shutdown(c.fd, SHUT_WR);
    ok(arrives(&c, NULL), "one that closes its half is let go, too");
    is_number(fake_launch_readers, 0, "with its reader");
    client_close(&c);
    client_open(&c, PORTAL, WATCH("x/y") "GET /versions HTTP/1.1\r\nHost: h\r\n\r\n");
    arrives(&c, "\r\n\r\n");
    pass(1000);
    is_number(fake_launch_readers, 1, "one that has asked more is still there");
    fake_launch_end();
    ok(arrives(&c, "ringbinder-version"), "and gets its answer when the stream has ended");
    client_close(&c);
}

static void test_many_readers(void)
{
    struct client all[8];
    bool same = true;

    fake_launch_reset();
    for (size_t i = 0; i < 8; i++)
        client_open(&all[i], PORTAL, WATCH("x/y"));
    for (size_t i = 0; i < 8; i++)
        arrives(&all[i], "\r\n\r\n");
    fake_launch_say("data: all\n\n");
    fake_launch_end();
    for (size_t i = 0; i < 8; i++) {
        same &= arrives(&all[i], "data: all\n\n\r\n0\r\n\r\n");
        client_close(&all[i]);
    }
    ok(same, "every reader gets every event and the end");
}

static void test_slow_reader(void)
{
    size_t total = 4000 * 4096, handed;
    struct client c;

    watch_new_feed(&c);
    loop_fd_want(c.watch, 0);
    fake_launch_say_many(4000, 4096);
    fake_launch_end();
    pass(1000);
    handed = fake_launch_bytes_handed;
    ok(handed > 0 && handed < total / 8, "who does not read is not read ahead for (%zu bytes)", handed);
    loop_fd_want(c.watch, LOOP_READ);
    ok(arrives(&c, "\r\n0\r\n\r\n"), "and gets everything when it does");
    is_number((long long)fake_launch_bytes_handed, (long long)total, "every byte of it");
    client_close(&c);
}

static void test_oversized_event(void)
{
    struct client c;

    watch_new_feed(&c);
    fake_launch_say_many(1, LAUNCH_READ_ROOM + 1);
    ok(arrives(&c, NULL), "an event that nothing can hold ends the stream instead of stalling it");
    client_close(&c);
}

static void test_limit(void)
{
    const char *answer;

    api->n_streams = API_STREAMS_MAX;
    answer = ask("GET /build/git/x/y");
    is_number(status_of(answer), 503, "one stream too many is refused");
    ok(strstr(answer, "\r\nRetry-After: 5\r\n"), "with the time to come again");
    is_number(status_of(ask("GET /health")), 200, "while /health answers");
    api->n_streams = 0;
}

/* One client, who may have as many addresses as a subscriber gets, does not keep the others out. */
static void test_limit_of_a_client(void)
{
    static struct client all[API_STREAMS_CLIENT_MAX];
    const char *accept = "Accept: text/event-stream\r\nX-Real-IP: %s\r\n";
    char fields[128], request[256];

    fake_launch_reset();
    for (size_t i = 0; i < API_STREAMS_CLIENT_MAX; i++) {
        snprintf(request, sizeof request,
                 "GET /build/git/x/y HTTP/1.1\r\nHost: h\r\nX-Real-IP: 2001:db8:0:1::%zx\r\n\r\n", i);
        client_open(&all[i], PORTAL, request);
        arrives(&all[i], "\r\n\r\n");
    }
    is_number(fake_launch_readers, API_STREAMS_CLIENT_MAX, "a client watches as many launches as it may");
    snprintf(fields, sizeof fields, accept, "2001:db8:0:1:2:3:4:5");
    is_number(status_of(ask_with(PORTAL, "GET /build/git/x/y", fields)), 503, "one more is refused");
    fake_launch_end();
    snprintf(fields, sizeof fields, accept, "2001:db8:0:2::1");
    is_number(status_of(ask_with(PORTAL, "GET /build/git/x/y", fields)), 200, "and another client's is not");
    for (size_t i = 0; i < API_STREAMS_CLIENT_MAX; i++)
        client_close(&all[i]);
    pass(1000);
}

static void test_full_server(void)
{
    int idle[API_ADMIN_CONNECTIONS];
    struct client c;

    for (size_t i = 0; i < API_ADMIN_CONNECTIONS; i++)
        if (fd_connect_unix(&idle[i], ADMIN, SOCK_STREAM, &e) < 0)
            exit(1);
    pass(1000);
    client_open(&c, ADMIN, "GET /versions HTTP/1.1\r\nHost: h\r\n\r\n");
    pass(1000);
    is_number((long long)c.got.len, 0, "a connection over the limit waits");
    close(idle[0]);
    pass(1000);
    ok(strstr(buf_text(&c.got), "ringbinder-version"), "until another one ends");
    client_close(&c);
    for (size_t i = 1; i < API_ADMIN_CONNECTIONS; i++)
        close(idle[i]);
    pass(1000);
}

static void test_stopping(void)
{
    struct client c;

    watch_new_feed(&c);
    api_free(&api);
    is_number(fake_launch_readers, 0, "stopping ends the streams");
    ok(arrives(&c, NULL), "and their connections");
    ok(fcntl(portal_fd, F_GETFD) >= 0, "the listening socket stays its owner's");
    client_close(&c);
    stop();
}

static void test_bad_folder(void)
{
    struct api_parts parts = {.loop = loop};
    struct api_settings settings = {
        .web_dir = "/nonexistent", .portal_url = "http://h", .badge_base_url = "", .cors_allow_origin = ""};

    ok(api_new(&api, &parts, &settings, &e) < 0 && e.code == ERR_API_WEB, "a web folder that is not there is an error");
    ok(strstr(e.text, "/nonexistent"), "which names it");
    settings.web_dir = ".";
    ok(api_new(&api, &parts, &settings, &e) < 0 && strstr(e.text, "index.html"), "and so is one without index.html");
}

int main(void)
{
    char folder[] = "/tmp/test-api-XXXXXX", *source = realpath(getenv("SRCDIR") ? getenv("SRCDIR") : ".", NULL);

    if (!source || !mkdtemp(folder) || chdir(folder) < 0 || setenv("SRCDIR", source, 1) < 0 || loop_new(&loop, &e) < 0)
        return 1;
    open_store();
    test_path_shapes();
    test_hold();
    test_bad_folder();
    start_with("");
    test_statuses();
    test_large_heads();
    test_shell_script();
    test_shell_text();
    test_conditional();
    test_cors();
    test_state();
    test_wish();
    test_stream();
    test_coming_back();
    test_leaving();
    test_many_readers();
    test_slow_reader();
    test_oversized_event();
    test_limit();
    test_limit_of_a_client();
    test_full_server();
    test_stopping();
    fake_launch_reset();
    loop_free(&loop);
    unlink(PORTAL);
    unlink(ADMIN);
    close_store();
    rmdir(folder);
    free(source);
    return tap_end();
}
