/* What is decided about sessions, without doing it: rules, verdicts, idleness, arguments, tokens. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/cleanup.h"
#include "base/str.h"
#include "session/idle.h"
#include "session/reconcile.h"
#include "session/rules.h"
#include "session/spec.h"
#include "tap.h"

#define STATES (SESSION_GONE + 1)
#define CAUSES (SESSION_ENDED + 1)

static void rules(void)
{
    static const struct {
        enum session_state from;
        enum session_cause cause;
        enum session_state to;
        const char *sentence;
    } told[] = {
        {SESSION_STARTING, SESSION_ANSWERED, SESSION_RUNNING, "a starting session that answers runs"},
        {SESSION_STARTING, SESSION_ENDED, SESSION_GONE, "a start may end it"},
        {SESSION_RUNNING, SESSION_ENDED, SESSION_GONE, "a running one ends"},
    };
    int happen = 0;

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        enum session_state state = told[i].from;

        ok(session_rule(&state, told[i].cause) && state == told[i].to, "%s", told[i].sentence);
    }
    for (int from = 0; from < STATES; from++)
        for (int cause = 0; cause < CAUSES; cause++) {
            enum session_state state = (enum session_state)from;
            bool happens = session_rule(&state, (enum session_cause)cause);

            happen += happens;
            if (!happens && state != (enum session_state)from)
                ok(false, "state %d is touched by cause %d", from, cause);
        }
    is_number(happen, 3, "and nothing else can happen");
}

static void verdicts(void)
{
    static const struct engine_container up = {.running = true}, down = {.running = false};
    static const struct {
        int state; /* -1: no row */
        const struct engine_container *container;
        enum reconcile_verdict verdict;
        const char *sentence;
    } told[] = {
        {-1, &up, RECONCILE_REMOVE, "a container that has no row is removed"},
        {-1, &down, RECONCILE_REMOVE, "running or not"},
        {SESSION_GONE, &up, RECONCILE_REMOVE, "the container of an ended session is removed"},
        {SESSION_GONE, &down, RECONCILE_REMOVE, "running or not"},
        {SESSION_GONE, NULL, RECONCILE_NOTHING, "an ended session without a container is done with"},
        {-1, NULL, RECONCILE_NOTHING, "nothing is nothing"},
        {SESSION_RUNNING, &up, RECONCILE_ADOPT, "a running session with a running container is adopted"},
        {SESSION_RUNNING, &down, RECONCILE_LOST, "one whose container has ended is lost"},
        {SESSION_RUNNING, NULL, RECONCILE_LOST, "so is one without"},
        {SESSION_STARTING, &up, RECONCILE_RESUME, "a start goes on"},
        {SESSION_STARTING, &down, RECONCILE_RESUME, "also before its container runs"},
        {SESSION_STARTING, NULL, RECONCILE_RESUME, "and before there is one"},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        enum session_state state = (enum session_state)told[i].state;

        ok(reconcile_verdict(told[i].state < 0 ? NULL : &state, told[i].container) == told[i].verdict, "%s",
           told[i].sentence);
    }
}

static void idleness(void)
{
    static const struct session_settings settings = {.idle_ms = 600, .age_ms = 6000, .grace_ms = 60};
    static const struct {
        struct idle_facts facts;
        enum idle_answer answer;
        const char *sentence;
    } told[] = {
        {{0, 0, 9999, -1, false, false}, IDLE_STAYS, "a new session stays"},
        {{700, 599, 9999, 0, false, false}, IDLE_STAYS, "one with input within the limit stays"},
        {{700, 600, 9999, 0, false, false}, IDLE_ASK, "at the limit its kernels are asked for"},
        {{700, 600, 9999, -1, false, false}, IDLE_ASK, "also where the processor's time cannot be told"},
        {{700, 600, 9999, 0, true, true}, IDLE_WORKS, "a busy kernel is not idle"},
        {{700, 600, 9999, 0, true, false}, IDLE_ENDS, "without one it ends"},
        {{700, 600, 9999, 101, false, false}, IDLE_WORKS, "more than a tenth of a core is work"},
        {{700, 600, 9999, 100, false, false}, IDLE_ASK, "a tenth is not"},
        {{700, 10, 9999, 500, false, false}, IDLE_WORKS, "work is seen before the limit, too"},
        {{700, 600, 59, 0, false, false}, IDLE_STAYS, "within the grace after a restart nobody is idle"},
        {{700, 600, 59, 0, true, false}, IDLE_STAYS, "not even when its kernels have been asked for"},
        {{6000, 0, 59, 900, false, true}, IDLE_AGED, "the maximum age holds for a busy one, and after a restart"},
        {{5999, 0, 9999, 0, false, false}, IDLE_STAYS, "but not before"},
        {{700, 605, 9999, 0, true, false, 6, 9999}, IDLE_STAYS, "what a gateway has not told yet may have been input"},
        {{700, 606, 9999, 0, true, false, 6, 9999}, IDLE_ENDS, "until it would have told it"},
        {{700, 606, 9999, 0, true, false, 6, 5}, IDLE_STAYS, "one that has only just come has told nothing yet"},
        {{999, 999, 9999, 0, true, false, 6, -1}, IDLE_STAYS, "without a gateway nobody knows who is there"},
    };
    static const struct session_settings never = {0};
    static const struct idle_facts old = {.age_ms = 1 << 30, .still_ms = 1 << 30, .daemon_ms = 1 << 30};

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        ok(idle_decide(&told[i].facts, &settings) == told[i].answer, "%s", told[i].sentence);
    ok(idle_decide(&old, &never) == IDLE_STAYS, "limits of 0 are none");
}

static bool busy(const char *json)
{
    return idle_kernels_busy(json, strlen(json));
}

static void kernels(void)
{
    ok(!busy("[]"), "no kernel is busy where there is none");
    ok(!busy("[{\"execution_state\":\"idle\",\"connections\":2}]"), "an open tab alone is not work");
    ok(busy("[{\"execution_state\":\"idle\"},{\"id\":\"x\",\"execution_state\":\"busy\"}]"),
       "one busy kernel is enough");
    ok(!busy("{\"execution_state\":\"busy\"}") && !busy("[1,null,[{}],{\"execution_state\":7}]") && !busy("[{") &&
           !idle_kernels_busy(NULL, 0),
       "what is no list of kernels shows none");
}

static void has_words(const struct session_words *words, size_t from, const char *const *want, const char *sentence)
{
    size_t i = 0;

    while (want[i] && from + i < words->count && str_is(words->items[from + i], want[i]))
        i++;
    ok(!want[i] && from + i == words->count && !words->items[words->count], "%s", sentence);
    if (want[i])
        printf("# word %zu: got %s, want %s\n", i, from + i < words->count ? words->items[from + i] : "-", want[i]);
}

static void command(void)
{
    static const char *const plain[] = {"--ip=0.0.0.0",
                                        "--port=8888",
                                        "--NotebookApp.base_url=/user/a-b-x1/",
                                        "--NotebookApp.token=TOKEN",
                                        "--NotebookApp.trust_xheaders=True",
                                        "--NotebookApp.shutdown_no_activity_timeout=0",
                                        "--MappingKernelManager.cull_idle_timeout=0",
                                        "--TerminalManager.cull_inactive_timeout=0",
                                        "--ServerApp.base_url=/user/a-b-x1/",
                                        "--ServerApp.token=TOKEN",
                                        "--ServerApp.trust_xheaders=True",
                                        "--ServerApp.shutdown_no_activity_timeout=0",
                                        NULL};
    static const char *const rich[] = {"--ip=0.0.0.0",
                                       "--port=8888",
                                       "--NotebookApp.base_url=/user/a-b-x1/",
                                       "--NotebookApp.token=TOKEN",
                                       "--NotebookApp.trust_xheaders=True",
                                       "--NotebookApp.default_url=/lab",
                                       "--NotebookApp.allow_origin=*",
                                       "--NotebookApp.allow_origin_pat=.*",
                                       "--NotebookApp.shutdown_no_activity_timeout=0",
                                       "--MappingKernelManager.cull_idle_timeout=0",
                                       "--TerminalManager.cull_inactive_timeout=0",
                                       "--NotebookApp.tornado_settings={}",
                                       "--Session.debug=True",
                                       "--ServerApp.base_url=/user/a-b-x1/",
                                       "--ServerApp.token=TOKEN",
                                       "--ServerApp.trust_xheaders=True",
                                       "--ServerApp.default_url=/lab",
                                       "--ServerApp.allow_origin=*",
                                       "--ServerApp.allow_origin_pat=.*",
                                       "--ServerApp.shutdown_no_activity_timeout=0",
                                       "--ServerApp.tornado_settings={}",
                                       NULL};
    static const char *const extra[] = {"--NotebookApp.tornado_settings={}", "--Session.debug=True", NULL};
    struct session_settings settings = {0};
    cleanup_words struct session_words words = {0}, more = {0};

    session_command(&words, &settings, "a-b-x1", "TOKEN");
    ok(str_is(words.items[0], "sh") && str_is(words.items[1], "-c") && strstr(words.items[2], "exec \"$lab\" \"$@\""),
       "a small launcher runs what Jupyter there is");
    has_words(&words, 4, plain, "with the arguments of contract 5.2");
    settings.default_url = "/lab";
    settings.allow_origin = "*";
    settings.extra_arguments = extra;
    session_command(&more, &settings, "a-b-x1", "TOKEN");
    has_words(&more, 4, rich, "and those that the operator adds");
}

static void environment(void)
{
    static const char *const want[] = {"BINDER_REPO_URL=https://example.org/a/b",
                                       "BINDER_REF_URL=https://example.org/a/b/tree/c0",
                                       "BINDER_LAUNCH_HOST=http://127.0.0.1:8585/",
                                       "BINDER_REQUEST=v2/git/x/HEAD",
                                       "BINDER_PERSISTENT_REQUEST=v2/git/x/c0",
                                       "JUPYTERHUB_SERVICE_PREFIX=/user/a-b-x1/",
                                       "JUPYTERHUB_USER=a-b-x1",
                                       "JUPYTERHUB_SERVER_NAME=",
                                       "JUPYTERHUB_BASE_URL=/",
                                       "MEM_LIMIT=2147483648",
                                       "MEM_GUARANTEE=471859200",
                                       "CPU_LIMIT=1",
                                       "CPU_GUARANTEE=0.01",
                                       "JUPYTER_IMAGE=ringbinder/i-a:c0",
                                       "JUPYTER_IMAGE_SPEC=ringbinder/i-a:c0",
                                       NULL};
    static const struct store_session row = {.name = "a-b-x1",
                                             .image_name = "ringbinder/i-a:c0",
                                             .repo_url = "https://example.org/a/b",
                                             .ref_url = "https://example.org/a/b/tree/c0",
                                             .request = "v2/git/x/HEAD",
                                             .persistent_request = "v2/git/x/c0",
                                             .launch_host = "http://127.0.0.1:8585/"};
    struct session_settings settings = {
        .memory_bytes = INT64_C(2) << 30, .memory_guarantee_bytes = INT64_C(450) << 20, .cpu_millis = 1000};
    cleanup_words struct session_words words = {0}, half = {0};

    session_environment(&words, &settings, &row);
    has_words(&words, 0, want, "the environment of contract 5.3");
    settings.cpu_millis = 500;
    session_environment(&half, &settings, &row);
    is(half.items[11], "CPU_LIMIT=0.5", "half a core is 0.5");
}

static void tokens(void)
{
    static const uint8_t secret[32] = {1, 2, 3}, other[32] = {1, 2, 4};
    static const struct id one = {{7}}, two = {{8}};
    char token[SESSION_TOKEN_TEXT], again[SESSION_TOKEN_TEXT];

    session_token(token, secret, &one);
    is_number((long long)strlen(token), 22, "a token has 22 characters");
    ok(strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == 22,
       "of base64url, without padding");
    session_token(again, secret, &one);
    is(again, token, "the same session has the same token");
    session_token(again, secret, &two);
    ok(!str_is(again, token), "another session another one");
    session_token(again, other, &one);
    ok(!str_is(again, token), "another machine another one");
}

int main(void)
{
    rules();
    verdicts();
    idleness();
    kernels();
    command();
    environment();
    tokens();
    return tap_end();
}
