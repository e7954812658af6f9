/* A launch's event stream, letter by letter, and what becomes of it when something fails or the daemon dies. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "../fake/launch_world.h"
#include "base/str.h"
#include "build/log.h"
#include "tap.h"

static void an_image_that_exists(void)
{
    world_new();
    launch("git", URL "/main/", "text/event-stream");
    run();
    is(buf_text(&w.got), FOUND LAUNCHING("Launching server...\\n") STARTED ANSWERED,
       "contract 2.3 (a): the sequence of an image that exists");
    is_number(w.ended_at, 1020, "the stream closes at once");
    is_number(w.builds.wanted, 0, "nothing is built");
    is(w.sessions.front, "lab-data-", "the session is called after the repository (contract 5.1)");
    is(w.sessions.request, "v2/git/" URL "/main", "the container knows what was asked for");
    is(w.sessions.persistent_request, "v2/git/" URL "/" COMMIT, "and what it was resolved to");
    is(w.sessions.launch_host, "http://127.0.0.1:8585/", "and where");
    ok(id_equal(&w.sessions.image, &w.builds.image), "the session gets the image's row");
    ok(strstr(w.journal, "<6>ready after ") && !strstr(w.journal, "abcd1234"), "the journal has no session's name");
    world_end();
}

static void a_full_commit(void)
{
    world_new();
    launch("git", URL "/" COMMIT, "text/event-stream");
    run();
    is_number(w.builds.resolved, 0, "a full commit is not resolved");
    ok(strstr(buf_text(&w.got), "\"binder_request\":\"v2/git/" URL "/" COMMIT "\""), "and is launched");
    world_end();
}

static void add_line(void *arg)
{
    fake_log_add(w.builds.log, arg);
}

static void a_new_build(void)
{
    world_new();
    w.builds.image = (struct id){0};
    w.builds.ms = 500;
    w.builds.log = fake_log_new();
    fake_log_add(w.builds.log, "before it watched");
    loop_timer_new(w.loop, 1200, add_line, "while it watches");
    launch("git", URL "/main", "text/event-stream");
    run_for(1300);
    is(buf_text(&w.got), WAITING LINE("before it watched") LINE("while it watches"),
       "the build's whole log comes as it is written");
    run_for(60000);
    is(buf_text(&w.got),
       WAITING LINE("before it watched") LINE("while it watches") BUILT LAUNCHING("Launching server...\\n")
           STARTED ANSWERED,
       "contract 2.3 (b): the sequence of a new build");
    is_number(w.ended_at, -1, "the stream stays open");
    run();
    is_number(w.ended_at, 62500, "for 60 s after `ready`");
    is(w.builds.asked_image, IMAGE, "the image's name is the contract's (3.5)");
    is(w.builds.asked_commit, COMMIT, "and the commit is built");
    ok(id_equal(&w.sessions.image, &w.builds.built), "the session gets what was built");
    world_end();
}

static void a_late_watcher(void)
{
    struct launch_reader *first;

    world_new();
    w.builds.image = (struct id){0};
    w.builds.log = fake_log_new();
    launch("git", URL "/main", "text/event-stream");
    first = w.reader;
    for (int i = 0; i < 5000; i++)
        fake_log_add(w.builds.log, "a line that is long enough for a log to be larger than a stream's room");
    run_for(5000);
    is_number(w.ended_at, -1, "a log larger than the stream's room is read");
    ok(strstr(buf_text(&w.got), "\"phase\":\"ready\"") != NULL, "to its end and beyond");
    launch_reader_free(&first);
    w.reader = NULL;
    world_end();
}

/* What is said when the ref, the provider or the header is wrong: one `failed`, then the end. */
static void fails_with(const char *what, const char *event, const char *code)
{
    run();
    is(buf_text(&w.got), event, what);
    ok(w.ended_at >= 0, "... and the stream closes");
    ok(strstr(w.journal, code) != NULL, "... and the journal has %s", code);
    world_end();
}

static void failures_at_the_door(void)
{
    world_new();
    launch("git", URL "/main", "text/html");
    fails_with("contract 2.2: no event stream is asked for",
               "data: {\"phase\":\"failed\",\"status_code\":400,\"message\":\"Missing Accept header: "
               "text/event-stream\\n\"}\n\n",
               "RB1700");
    world_new();
    launch("nosuch", "a/b", "text/event-stream");
    fails_with("contract 2.2: an unknown provider",
               "data: {\"phase\":\"failed\",\"message\":\"No provider found for prefix nosuch\\n\"}\n\n", "RB1701");
    world_new();
    launch("git", "x///", "text/event-stream");
    fails_with(
        "contract 3.1: a spec without a ref",
        "data: {\"phase\":\"failed\",\"message\":\"Spec is not of the form \\\"<percent-encoded address>/<ref>\\\", "
        "provided: \\\"x\\\". Did you mean \\\"x/HEAD\\\"?\\n\"}\n\n",
        "RB1300");
}

static void both_spellings_of_accept(void)
{
    static const char *const taken[] = {"text/event-stream, */*", "text/event-stream;q=0.9", "Text/Event-Stream",
                                        "*/*;q=0.1,text/event-stream"};
    static const char *const refused[] = {"*/*", "", "text/event-streams", "application/json"};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        world_new();
        launch("git", URL "/main", taken[i]);
        run();
        ok(strstr(buf_text(&w.got), "\"ready\"") != NULL, "Accept: %s is taken", taken[i]);
        world_end();
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        world_new();
        launch("git", URL "/main", refused[i]);
        ok(strstr(buf_text(&w.got), "Missing Accept") != NULL, "Accept: %s is not", refused[i]);
        world_end();
    }
    world_new();
    launch("git", URL "/main", NULL);
    ok(strstr(buf_text(&w.got), "Missing Accept") != NULL, "no Accept is not");
    world_end();
}

static void failures_on_the_way(void)
{
    world_new();
    w.builds.ref = "";
    launch("git", URL "/nobranch", "text/event-stream");
    fails_with("contract 2.4: there is no such ref",
               "data: {\"phase\":\"failed\",\"message\":\"Could not resolve ref for git:" URL "/nobranch. Double check "
               "your URL and that your repo is public.\\n\"}\n\n",
               "RB1702");
    world_new();
    err_set(&w.builds.resolve_error, ERR_MALFORMED, "Unable to run git ls-remote");
    launch("git", URL "/main", "text/event-stream");
    fails_with("contract 2.2: resolving fails",
               "data: {\"phase\":\"failed\",\"message\":\"Error resolving ref for git:" URL
               "/main: Unable to run git ls-remote\\n\"}\n\n",
               "RB1006");
    world_new();
    err_set(&w.builds.find_error, ERR_STORE_FAILED, "disk I/O error in /var/lib");
    launch("git", URL "/main", "text/event-stream");
    fails_with(
        "contract 2.11: what nobody expects has its status, and a sentence without our inside",
        "data: {\"phase\":\"failed\",\"status_code\":503,\"message\":\"this service cannot read or write its own "
        "records just now, so nothing new starts here; notebooks that run go on\\n\"}\n\n",
        "RB1801");
    world_new();
    err_set(&w.builds.find_error, ERR_ENGINE_GONE, "no engine at /run/docker.sock");
    launch("git", URL "/main", "text/event-stream");
    fails_with("the engine is away: one sentence, at once, and no inside of ours",
               "data: {\"phase\":\"failed\",\"status_code\":503,\"message\":\"the container engine does not "
               "answer\\n\"}\n\n",
               "RB1201");
    world_new();
    w.builds.image = (struct id){0};
    err_set(&w.builds.build_error, ERR_TOO_LARGE, "RUN make: exit code 37");
    launch("git", URL "/main", "text/event-stream");
    fails_with("contract 2.3 (c): a build fails once, with a message",
               WAITING "data: {\"phase\":\"failed\",\"message\":\"RUN make: exit code 37\\n\"}\n\n", "RB1005");
}

static void count_row(void *arg, const struct store_launch *row)
{
    ((struct store_launch *)arg)[0] = *row;
}

/* kill -9 after `ms`: what the dead daemon's rooms knew is lost, the rows are not. */
static struct store_launch dies_after(int64_t ms)
{
    struct store_launch row = {0};
    struct err e;

    run_for(ms);
    if (store_launch_load(w.store, count_row, &row, &e) < 0)
        exit(1);
    world_end();
    w.builds.log = NULL;
    w.builds.resolved = w.builds.found = w.builds.wanted = 0;
    w.sessions.started = w.sessions.resumed = 0;
    return row;
}

#define NO_REF(spec) "Could not resolve ref for gh:" spec ". Double check your URL and that your repo is public."
#define TIP " Tip: HEAD will always resolve to a repository's default branch."
#define RENAMED " GitHub has changed default branches from \\\"master\\\" to \\\"main\\\"."
#define HEAD_INSTEAD(sentences, ref)                                                                                   \
    "data: {\"phase\":\"waiting\",\"message\":\"" sentences "\\nTrying again with HEAD instead of " ref                \
    ". Please update your links.\\n\"}\n\n"
#define NO_HEAD(sentences) "data: {\"phase\":\"failed\",\"message\":\"" sentences "\\n\"}\n\n"

static void a_branch_that_was_renamed(void)
{
    struct store_launch row;

    world_new();
    w.builds.no_ref = "/master";
    launch("gh", "u/r/master", "text/event-stream");
    run_for(9000);
    is(buf_text(&w.got), HEAD_INSTEAD(NO_REF("u/r/master") RENAMED TIP, "master"), "contract 2.4: master is not there");
    is_number(w.builds.resolved, 1, "HEAD is not asked for at once");
    run();
    is(w.builds.asked_spec, "u/r/HEAD", "but after 10 s");
    is(w.sessions.request, "v2/gh/u/r/HEAD", "and is what was asked for, from then on");
    is(w.sessions.persistent_request, "v2/gh/u/r/" COMMIT, "with its commit");
    ok(strstr(buf_text(&w.got), "\"binder_request\":\"v2/gh/u/r/HEAD\"") != NULL, "in the event, too");
    is_number(w.ended_at, 10000 + 30 + 1000, "no longer than that");
    world_end();

    world_new();
    w.builds.ref = "";
    launch("gh", "u/r.git/main", "text/event-stream");
    fails_with("contract 2.4: HEAD is not there, either",
               HEAD_INSTEAD(NO_REF("u/r.git/main") TIP, "main") NO_HEAD(NO_REF("u/r.git/main") TIP), "RB1702");
    is_number(w.builds.resolved, 2, "it is tried once");

    world_new();
    w.builds.ref = "";
    launch("gh", "u/r/master", "text/event-stream");
    row = dies_after(5000);
    is(row.spec, "u/r/master", "a daemon that dies in between has promised nothing");
    w.builds.no_ref = "/master";
    w.builds.ref = COMMIT;
    world_begin();
    run();
    is(w.sessions.request, "v2/gh/u/r/HEAD", "the next one begins again");
    world_end();
}

static void refs_of_github(void)
{
    world_new();
    w.builds.ref = "";
    launch("gh", "u/r/develop", "text/event-stream");
    fails_with("contract 2.4: other branches are not tried again", NO_HEAD(NO_REF("u/r/develop")), "RB1702");
    is(w.builds.asked_token, "", "a branch is no question for the API, and needs no token");
    world_new();
    launch("gh", "u/r/596b52f", "text/event-stream");
    run();
    is(w.builds.asked_api, "https://api.github.com", "a short commit is");
    is(w.builds.asked_token, "t0ken", "and takes the token along");
    is(w.sessions.persistent_request, "v2/gh/u/r/" COMMIT, "it is launched as the full one");
    world_end();
    world_new();
    w.builds.image = (struct id){0};
    err_set(&w.builds.build_error, ERR_FETCH_GONE, "there is no commit");
    launch("gh", "u/r/" COMMIT, "text/event-stream");
    fails_with("decisions 1: a full commit that is not there ends as an unknown ref",
               WAITING NO_HEAD(NO_REF("u/r/" COMMIT)), "RB1702");
    world_new();
    launch("gh", "a/b", "text/event-stream");
    fails_with("contract 3.1: a spec without a ref",
               "data: {\"phase\":\"failed\",\"message\":\"Spec is not of the form \\\"user/repo/ref\\\", provided: "
               "\\\"a/b\\\". Did you mean \\\"a/b/HEAD\\\"?\\n\"}\n\n",
               "RB1300");
}

/* Nobody reads: a launch goes on until its session answers (launch.h). */
static void a_launch_without_readers(void)
{
    world_new();
    launch("git", URL "/main", "text/event-stream");
    launch_reader_free(&w.reader);
    run();
    is_number(w.sessions.started, 1, "a launch that nobody reads any more goes on");
    ok(strstr(w.journal, "ready after") != NULL, "until it is ready");
    world_end();
}

/* A build belongs to the daemon, a session to who waits for it. */
static void a_build_whose_readers_have_gone(void)
{
    for (int gone_ms = 29000; gone_ms <= 30000; gone_ms += 1000) {
        world_new();
        w.builds.image = (struct id){0};
        w.builds.ms = 20000; /* to resolve, to look and to build: 60 s in all */
        launch("git", URL "/main", "text/event-stream");
        run_for(60000 - gone_ms);
        launch_reader_free(&w.reader);
        run();
        if (gone_ms < 30000)
            is_number(w.sessions.started, 1, "who has been away for less than 30 s may come back: there is a session");
        else
            ok(!w.sessions.started && strstr(w.journal, "RB1517"), "who has been away for longer gets none");
        world_end();
    }
}

static void launches_are_bounded(void)
{
    const struct launch_request request = {
        .provider = "git", .spec = URL "/main", .accept = "text/event-stream", .origin = "http://127.0.0.1:8585"};

    world_new();
    for (int i = 0; i < LAUNCHES_MAX; i++)
        launch_start(w.launches, &request);
    launch("git", URL "/main", "text/event-stream");
    is(buf_text(&w.got),
       "data: {\"phase\":\"failed\",\"status_code\":503,\"message\":\"Too many launches are under way here. Try again "
       "in a minute.\\n\"}\n\n",
       "one launch too many fails at once");
    launch_reader_free(&w.reader);
    w.builds.ref = "";
    run();
    buf_clear(&w.got);
    w.builds.ref = COMMIT;
    launch("git", URL "/main", "text/event-stream");
    run();
    ok(strstr(buf_text(&w.got), "\"ready\"") != NULL, "and when they have ended, there is room again");
    world_end();
}

static void after_a_restart(void)
{
    struct store_launch row;

    world_new();
    w.builds.image = (struct id){0};
    w.builds.ms = 500;
    launch("git", URL "/main", "text/event-stream");
    row = dies_after(1100);
    is(row.step, "build", "a daemon dies while a build goes on");
    world_begin();
    run();
    is_number(w.builds.resolved, 0, "what was done is not done again");
    is_number(w.builds.wanted, 1, "the build is joined or begun again");
    ok(w.sessions.started == 1 && strstr(w.journal, "ready after"), "and the launch ends as it would have");
    world_end();

    world_new();
    launch("git", URL "/main", "text/event-stream");
    row = dies_after(500);
    is(row.step, "session", "a daemon dies while a session starts");
    is_number(w.cancelled, 0, "the session is left as it is");
    world_begin();
    run();
    ok(w.sessions.started == 0 && w.sessions.resumed == 1, "its start goes on");
    ok(id_equal(&w.sessions.resume, &row.session), "by the id in the launch's row");
    world_end();
    world_begin();
    run();
    is_number(w.sessions.started + w.sessions.resumed, 1, "what has ended is not begun again");
    world_end();
}

/* The session of the row has ended meanwhile: the next attempt is another one, with the image by its name. */
static void after_a_restart_without_its_session(void)
{
    struct store_image image = {.id = id_new(), .name = IMAGE};
    struct err e;

    world_new();
    launch("git", URL "/main", "text/event-stream");
    dies_after(500);
    err_set(&w.sessions.outcome[0], ERR_SESSION_GONE, "it has ended");
    world_begin();
    if (store_image_put(w.store, &image, &e) < 0)
        exit(1);
    run();
    ok(w.sessions.resumed == 1 && w.sessions.started == 1, "a session that is gone is replaced");
    ok(id_equal(&w.sessions.image, &image.id), "on the same image");
    world_end();
}

static const char *come_back(const char *spec, const char *id)
{
    return come_back_to("git", spec, id);
}

#define KEEP_MS 600000

/* A launch whose build has said two lines; `seen`: the id of the second. */
static void watch_a_build(char seen[64])
{
    world_new();
    w.builds.image = (struct id){0};
    w.builds.ms = 500;
    w.builds.log = fake_log_new();
    launch("git", URL "/main/", "text/event-stream");
    run_for(1100);
    fake_log_add(w.builds.log, "one");
    fake_log_add(w.builds.log, "two");
    run_for(10);
    str_copy(seen, 64, w.last);
}

static void a_client_that_comes_back(void)
{
    char seen[64];

    watch_a_build(seen);
    fake_log_add(w.builds.log, "three");
    is(come_back(URL "/main", seen), "goes on", "a client comes back with the id of a line");
    is(buf_text(&w.got), LINE("three"), "and goes on behind it");
    run_for(3000);
    is(buf_text(&w.got), LINE("three") BUILT LAUNCHING("Launching server...\\n") STARTED ANSWERED, "to the end");
    is(come_back(URL "/other", seen), "new", "an id of another spec is none");
    is(come_back(URL "/main", "00000000000000000000000000000000-5"), "new", "an id that nobody gave is none");
    is(come_back(URL "/main", "5"), "new", "nor is what does not look like one");
    is(come_back(URL "/main", seen), "goes on", "it comes once more, while the stream lingers");
    is(buf_text(&w.got), LINE("three") BUILT LAUNCHING("Launching server...\\n") STARTED ANSWERED,
       "and has the same again");
    is_number(w.ended_at, -1, "and the stream is still open");
    is(come_back(URL "/main", w.last), "over", "behind the last event there is no more");
    run_for(KEEP_MS - 10000);
    is(come_back(URL "/main", seen), "goes on", "an ended launch is kept for ten minutes");
    ok(w.ended_at >= 0, "and its stream ends at once");
    is_number(w.sessions.started, 1, "nothing of all this has started another server");
    world_end();
}

/* A new daemon: the client's id is of the dead one. */
static void a_client_that_comes_back_after_a_restart(void)
{
    char seen[64];

    watch_a_build(seen);
    dies_after(0);
    w.builds.log = fake_log_new();
    fake_log_add(w.builds.log, "one");
    fake_log_add(w.builds.log, "two");
    fake_log_add(w.builds.log, "again");
    world_begin();
    is(come_back(URL "/main", seen), "goes on", "a daemon dies in a build, and the client comes back");
    run_for(60000);
    is(buf_text(&w.got), LINE("again") BUILT LAUNCHING("Launching server...\\n") STARTED ANSWERED,
       "it gets what it has not had, and nothing twice");
    dies_after(0);
    world_begin();
    is(come_back(URL "/main", seen), "goes on", "a daemon dies after `ready`, and the client had not seen that");
    run_for(5000);
    ok(strstr(buf_text(&w.got), READY) && w.ended_at >= 0, "it is told again");
    is_number(w.sessions.started, 0, "of the same session");
    is(come_back(URL "/main", w.last), "over", "and that was the last event");
    world_end();
}

static void a_client_whose_branch_was_renamed(void)
{
    char seen[64];

    world_new();
    w.builds.no_ref = "/master";
    launch("gh", "u/r/master", "text/event-stream");
    run_for(9000);
    str_copy(seen, sizeof seen, w.last);
    run_for(20000);
    is(come_back_to("gh", "u/r/master", seen), "goes on", "HEAD has taken the place of the ref meanwhile");
    ok(strstr(buf_text(&w.got), "\"ready\"") && !strstr(buf_text(&w.got), "instead"), "and the launch is the same");
    is(come_back_to("gh", "u/other/master", seen), "new", "another repository is not");
    world_end();
}

static void ended_launches_are_bounded(void)
{
    const struct launch_request request = {
        .provider = "git", .spec = URL "/" COMMIT, .accept = "text/event-stream", .origin = "http://127.0.0.1:8585"};
    char first[64], last[64];

    world_new();
    w.builds.image = (struct id){0};
    w.builds.log = fake_log_new();
    fake_log_add(w.builds.log, "a line");
    err_set(&w.builds.build_error, ERR_BUILD_STEP, "no");
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(1000);
    str_copy(first, sizeof first, w.last);
    launch_reader_free(&w.reader);
    for (int i = 0; i < LAUNCHES_KEPT; i++) {
        launch_start(w.launches, &request);
        run_for(100);
    }
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(1000);
    str_copy(last, sizeof last, w.last);
    memcpy(first + 33, "1", 2);
    memcpy(last + 33, "1", 2);
    is(come_back(URL "/" COMMIT, last), "goes on", "a launch that has just ended is there");
    ok(strstr(buf_text(&w.got), "a line") != NULL, "with its log");
    is(come_back(URL "/" COMMIT, first), "goes on", "an old one is found by its row");
    ok(strstr(buf_text(&w.got), "\"failed\"") && !strstr(buf_text(&w.got), "a line"), "with its end alone");
    world_end();
}

int main(void)
{
    if (!world_folder())
        return 1;
    an_image_that_exists();
    a_full_commit();
    a_new_build();
    a_late_watcher();
    failures_at_the_door();
    both_spellings_of_accept();
    failures_on_the_way();
    a_branch_that_was_renamed();
    refs_of_github();
    a_launch_without_readers();
    a_build_whose_readers_have_gone();
    launches_are_bounded();
    after_a_restart();
    after_a_restart_without_its_session();
    a_client_that_comes_back();
    a_client_that_comes_back_after_a_restart();
    a_client_whose_branch_was_renamed();
    ended_launches_are_bounded();
    is_number(w.disorder, 0, "every event had an id of its stream, and its number was above the one before");
    world_folder_end();
    return tap_end();
}
