/* What a session's start says when it fails: by what the image does wrong, and by which step somebody is silent at. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/str.h"
#include "fake/session_daemon.h"
#include "session/fault.h"
#include "session/spec.h"
#include "tap.h"

#define MIB INT64_C(1048576)

/* ---- sentences ---- */

static void ends(void)
{
    static const struct {
        struct fault_end end;
        enum err_code code;
        const char *text;
    } told[] = {
        {{127, false, 0, "This image has no Jupyter"},
         ERR_SESSION_NO_JUPYTER,
         "The image cannot start a notebook server (exit code 127): This image has no Jupyter"},
        {{126, false, 0, ""}, ERR_SESSION_NO_JUPYTER, "The image cannot start a notebook server (exit code 126)"},
        {{1, false, 0, "PermissionError: [Errno 13] Permission denied: '/srv/a'"},
         ERR_SESSION_UNREADABLE,
         "User 1000, as whom every session runs here, may not use the image's files (exit code 1): PermissionError: "
         "[Errno 13] Permission denied: '/srv/a'"},
        {{137, true, 2048 * MIB, ""},
         ERR_SESSION_START_MEMORY,
         "The notebook server needed more than the 2048 MiB of memory that a session has here, and was killed while it "
         "was starting"},
        {{137, false, 2048 * MIB, ""},
         ERR_SESSION_DIED,
         "The notebook server ended with code 137 while it was starting"},
        {{1, true, 2048 * MIB, ""}, ERR_SESSION_DIED, "The notebook server ended with code 1 while it was starting"},
        {{0, false, 0, "Permission denied"},
         ERR_SESSION_DIED,
         "The notebook server ended with code 0 while it was starting: Permission denied"},
        {{-1, false, 0, ""}, ERR_SESSION_DIED, "The notebook server ended while it was starting"},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct err e;

        fault_of_start(&e, &told[i].end);
        is(e.text, told[i].text, "an end is told by what it was");
        is_number(e.code, told[i].code, "under its code");
    }
}

static void long_words(void)
{
    char words[2001];
    struct err e;

    memset(words, 'x', sizeof words - 1);
    strcpy(words + sizeof words - 1 - strlen("the reason"), "the reason");
    fault_of_start(&e, &(struct fault_end){.exit_code = 1, .words = words});
    ok(str_ends(e.text, "xthe reason") && strlen(e.text) == sizeof e.text - 1, "of many last words the last are told");
    for (size_t i = 0; i + 1 < sizeof words; i++)
        words[i] = i % 2 ? (char)0xa4 : (char)0xc3;
    fault_of_start(&e, &(struct fault_end){.exit_code = 10, .words = words});
    ok(strstr(e.text, ": \xc3\xa4") != NULL, "from the beginning of a character");
}

static void silence(void)
{
    static const struct engine_port elsewhere[] = {{9999, true}, {36000, false}, {8080, true}};
    static const struct engine_port loopback[] = {{8888, false}, {36000, false}};
    static const struct engine_port right[] = {{8888, true}};
    static const struct {
        struct fault_silence silence;
        enum err_code code;
        const char *text;
    } told[] = {
        {{60, 0, elsewhere, 3, ""},
         ERR_SESSION_PORT,
         "The notebook server did not answer within 60 s: it listens on port 9999 and 8080, not on 8888"},
        {{60, 0, loopback, 2, ""},
         ERR_SESSION_PORT,
         "The notebook server listens on port 8888 of 127.0.0.1 alone, where nobody reaches it"},
        {{60, 404, right, 1, ""},
         ERR_SESSION_OTHER_SERVER,
         "What listens on port 8888 answered for 60 s with status 404 where a Jupyter server says its version"},
        {{60, 0, right, 1, ""}, ERR_SESSION_SILENT, "The notebook server did not answer within 60 s"},
        {{60, 0, NULL, 0, "loading"},
         ERR_SESSION_SILENT,
         "The notebook server did not answer within 60 s: nothing listens on port 8888 yet: loading"},
        {{60, 0, NULL, -1, ""}, ERR_SESSION_SILENT, "The notebook server did not answer within 60 s"},
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct err e;

        fault_of_silence(&e, &told[i].silence);
        is(e.text, told[i].text, "silence is told by what listens");
        is_number(e.code, told[i].code, "under its code");
    }
}

static void refusals(void)
{
    static const struct {
        const char *said;
        enum err_code code;
    } told[] = {
        {"OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"sh\": "
         "executable file not found in $PATH: unknown",
         ERR_SESSION_NO_JUPYTER},
        {"exec /start: no such file or directory: unknown", ERR_SESSION_NO_JUPYTER},
        {"exec: \"/start\": permission denied: unknown", ERR_SESSION_UNREADABLE},
        {"no space left on device", ERR_ENGINE_REFUSED},
        {"OCI runtime create failed: container init caused: Running hook #0:: error running hook: exit status 1, "
         "stderr: "
         "dial unix /run/docker/libnetwork/1.sock: connect: no such file or directory",
         ERR_ENGINE_REFUSED},
    };
    struct err e;

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        err_set(&e, ERR_ENGINE_REFUSED, "%s", told[i].said);
        fault_of_engine(&e);
        is_number(e.code, told[i].code, told[i].said);
    }
    err_set(&e, ERR_ENGINE_GONE, "no such file or directory");
    fault_of_engine(&e);
    is_number(e.code, ERR_ENGINE_GONE, "an engine that is away is no fault of the image's");
}

/* ---- starts on a fake engine ---- */

static void told(struct waiter *w, enum err_code code, const char *part, const char *sentence)
{
    ok(w->calls == 1 && w->e.code == code && strstr(w->e.text, part), "%s: %s", sentence, w->e.text);
    run_for(3 * SWEEP_MS);
    ok(fake_engine.count == 0 && session_count(all) == 0 && row_of(1).code == (int)code,
       "... its container is removed, its row says why");
    daemon_ends();
}

static void start_with(struct waiter *w)
{
    daemon_starts();
    run_for(10);
    server.quiet_ms = 1 << 30;
    fake_engine.ports_count = -1;
    starts(w, 1);
    run_for(200);
}

static void bad_images(void)
{
    struct waiter w;

    start_with(&w);
    fake_engine.tail = "This image has no Jupyter";
    fake_engine_exit(&fake_engine.containers[0].row, 127);
    run_for(1000);
    told(&w, ERR_SESSION_NO_JUPYTER, "no Jupyter", "an image without Jupyter");

    start_with(&w);
    fake_engine_kill(&fake_engine.containers[0].row);
    run_for(1000);
    told(&w, ERR_SESSION_START_MEMORY, "2048 MiB", "an image that needs too much memory");

    start_with(&w);
    fake_engine.ports[0] = (struct engine_port){9999, true};
    fake_engine.ports_count = 1;
    run_for(ANSWER_LIMIT_MS + 1000);
    told(&w, ERR_SESSION_PORT, "9999", "an image that listens elsewhere");

    start_with(&w);
    server.quiet_ms = 0;
    server.status = 404;
    run_for(ANSWER_LIMIT_MS + 1000);
    told(&w, ERR_SESSION_OTHER_SERVER, "404", "an image with another server");

    daemon_starts();
    run_for(10);
    fake_engine.fail[FAKE_START] = ERR_ENGINE_REFUSED;
    fake_engine.refusal = "exec: \"sh\": executable file not found in $PATH";
    starts(&w, 1);
    run_for(100);
    told(&w, ERR_SESSION_NO_JUPYTER, "does not have the program", "an image without a shell");
}

static void token_in_the_last_words(void)
{
    char words[64], token[SESSION_TOKEN_TEXT];
    struct waiter w;

    start_with(&w);
    session_token(token, all->secret, &wish.id);
    snprintf(words, sizeof words, "http://localhost:8888/lab?token=%s", token);
    fake_engine.tail = words;
    fake_engine_exit(&fake_engine.containers[0].row, 1);
    run_for(1000);
    ok(strstr(w.e.text, "token=**********************") && !strstr(journal, token),
       "a server that prints its token does not bring it into the journal: %s", w.e.text);
    daemon_ends();
}

/* Who is silent at a step ends it at that step's limit, and no later. */
static void silent_at(enum fake_call call, int64_t limit_ms, enum err_code code, const char *part)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    fake_engine.hold[call] = true;
    starts(&w, 1);
    run_for(limit_ms - 1000);
    ok(w.calls == 0, "(before the limit it goes on)");
    run_for(2000);
    ok(w.calls == 1 && w.e.code == code && strstr(w.e.text, part), "an engine that is silent: %s", w.e.text);
    fake_engine_release(call);
    run_for(3 * SWEEP_MS);
    ok(fake_engine.count == 0 && session_count(all) == 0, "... nothing is left when it speaks again");
    daemon_ends();
}

static void silence_at_each_step(void)
{
    struct waiter w;

    silent_at(FAKE_CREATE, 10000, ERR_SESSION_ENGINE_SLOW, "did not make a container within 10 s");
    silent_at(FAKE_START, 60000, ERR_SESSION_ENGINE_SLOW, "did not start the container within 60 s");

    start_with(&w);
    fake_engine.hold[FAKE_TAIL] = true;
    run_for(ANSWER_LIMIT_MS + 4000);
    ok(w.calls == 0, "a server that was silent is asked for its last words");
    run_for(2000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_SILENT, "and ended without them where the engine is silent: %s",
       w.e.text);
    fake_engine_release(FAKE_TAIL);
    daemon_ends();

    start_with(&w);
    fake_engine.hold[FAKE_LOOK] = true;
    fake_engine_exit(&fake_engine.containers[0].row, 3);
    run_for(6000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_DIED && strstr(w.e.text, "code 3"), "the same where it ended: %s",
       w.e.text);
    fake_engine_release(FAKE_LOOK);
    daemon_ends();

    daemon_starts();
    run_for(10);
    server.door_pages = 1 << 30;
    starts(&w, 1);
    run_for(7000);
    ok(w.calls == 0, "a gateway is asked again");
    run_for(4000);
    ok(w.calls == 1 && w.e.code == ERR_SESSION_DOOR, "until its limit: %s", w.e.text);
    daemon_ends();
}

/* What a slow engine was asked for, it makes, even when nobody waits for that any more. */
static void made_after_all(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    fake_engine.hold[FAKE_CREATE] = true;
    fake_engine.late_ms = 120000;
    starts(&w, 1);
    run_for(11000);
    ok(w.calls == 1 && fake_engine.count == 0, "a start ends whose container is not there in time");
    run_for(fake_engine.late_ms + 2 * SWEEP_MS);
    ok(fake_engine.count == 0 && fake_engine.calls[FAKE_REMOVE] == 1, "one that is made after that is removed");
    run_for(SWEEP_AFTER_MS);
    fake_engine.calls[FAKE_LIST] = 0;
    run_for(SWEEP_AFTER_MS);
    is_number(fake_engine.calls[FAKE_LIST], 0, "and in the end nothing is looked for");
    daemon_ends();
}

static void stubborn(void)
{
    struct waiter w;

    daemon_starts();
    run_for(10);
    running(&w, 1);
    fake_engine.hold[FAKE_REMOVE] = true;
    session_cause(session_find(all, w.door.name), SESSION_ENDED, NULL);
    run_for(2500);
    fake_engine_release(FAKE_REMOVE);
    run_for(100);
    ok(strstr(journal, "RB1659") && strstr(journal, "2000 ms of SIGTERM"), "a container that does not end is told of");
    running(&w, 2);
    journal[0] = '\0';
    session_cause(session_find(all, w.door.name), SESSION_ENDED, NULL);
    run_for(1000);
    ok(!strstr(journal, "RB1659"), "one that ends is not");
    daemon_ends();
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    ends();
    long_words();
    silence();
    refusals();
    bad_images();
    token_in_the_last_words();
    silence_at_each_step();
    made_after_all();
    stubborn();
    session_daemon_end();
    return tap_end();
}
