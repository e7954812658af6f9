/* What the store promises: rows come back as they were, a transaction is all or nothing, one daemon a folder. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/event.h"
#include "store/forget.h"
#include "store/rows.h"
#include "tap.h"

static char folder[] = "/tmp/rb-store-XXXXXX";
static char path[64];

static struct store *opened(void)
{
    struct store *s = NULL;
    struct err e = {0};

    if (store_open(&s, path, &e) < 0)
        printf("# store_open: %s\n", e.text);
    return s;
}

static struct id id_of(uint8_t n)
{
    return (struct id){{n, 1}};
}

/* One number, read beside the store as an operator would. */
static long long ask(const char *sql)
{
    sqlite3_stmt *statement;
    long long n = -1;
    sqlite3 *db;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        if (sqlite3_step(statement) == SQLITE_ROW)
            n = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return n;
}

static void tell(const char *sql)
{
    sqlite3 *db;

    sqlite3_open(path, &db);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
}

static void rows_come_back(void)
{
    struct store_session row = {
        .id = id_of(1), .created = 5, .name = "a-b-1", .image_name = "i:1", .state = "starting"};
    struct store_session got = {0};
    struct store *s = opened();
    struct err e;

    ok(store_session_put(s, &row, &e) == 0, "a row is put");
    ok(store_session_get(s, &row.id, &got, &e) == 1, "and found");
    ok(memcmp(&row, &got, sizeof row) == 0, "every field as it was");
    row.code = 7;
    row.ended = 9;
    str_copy(row.text, sizeof row.text, "why");
    ok(store_session_put(s, &row, &e) == 0 && store_session_get(s, &row.id, &got, &e) == 1 && got.code == 7 &&
           got.ended == 9 && str_is(got.text, "why"),
       "putting it again replaces it");
    ok(store_session_step(s, &row.id, "answer", &e) == 0 && store_session_get(s, &row.id, &got, &e) == 1 &&
           str_is(got.step, "answer") && got.code == 7,
       "a step changes the step alone");
    ok(store_session_get(s, &(struct id){{99}}, &got, &e) == 0, "a row that is not there is not found");
    store_close(&s);
    s = opened();
    ok(store_session_get(s, &row.id, &got, &e) == 1 && got.code == 7, "rows outlive the process");
    store_close(&s);
}

static void every_kind(void)
{
    struct store_launch launch = {.id = id_of(2), .session = id_of(1), .created = 1, .spec = "x/HEAD", .code = 3};
    struct store_build build = {.id = id_of(3), .created = 2, .image = "i:1", .commit = "c0", .restarts = 1};
    struct store_image image = {.id = id_of(4), .created = 3, .name = "i:1", .engine_id = "sha256:1"}, image_got = {0};
    struct store_container container = {.id = id_of(5), .session = id_of(1), .created = 4}, container_got = {0};
    struct store *s = opened();
    struct err e;

    ok(store_launch_put(s, &launch, &e) == 0 && store_launch_step(s, &launch.id, "image", &e) == 0, "a launch");
    ok(store_build_put(s, &build, &e) == 0 && store_build_step(s, &build.id, "plan", &e) == 0, "a build");
    ok(store_image_put(s, &image, &e) == 0 && store_image_get(s, &image.id, &image_got, &e) == 1 &&
           memcmp(&image, &image_got, sizeof image) == 0,
       "an image");
    ok(store_image_by_name(s, "i:1", &image_got, &e) == 1 && id_equal(&image_got.id, &image.id), "by its name, too");
    ok(store_image_by_name(s, "i:2", &image_got, &e) == 0, "but not by another");
    ok(store_container_put(s, &container, &e) == 0 && store_container_get(s, &container.id, &container_got, &e) == 1 &&
           memcmp(&container, &container_got, sizeof container) == 0,
       "a container");
    container.id = id_of(6);
    container.session = id_of(66);
    ok(store_container_put(s, &container, &e) < 0 && e.code == ERR_STORE_FAILED, "but none of a session without a row");
    image.id = id_of(7);
    ok(store_image_put(s, &image, &e) < 0, "two images have no name in common");
    ok(store_image_drop(s, &image_got.id, &e) == 0 && store_image_by_name(s, "i:1", &image_got, &e) == 0,
       "a dropped image is gone");
    ok(store_image_put(s, &image, &e) == 0, "and its name free");
    store_close(&s);
}

struct loaded {
    struct store *store;
    char names[200];
};

/* Ends every row while they are loaded, as the sweeper does. */
static void end_session(void *arg, const struct store_session *row)
{
    struct loaded *l = arg;
    struct store_session ended = *row;
    struct err e;

    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ", row->name);
    ended.ended = 100 - row->created;
    if (store_session_put(l->store, &ended, &e) < 0)
        printf("# %s\n", e.text);
}

static void note_session(void *arg, const struct store_session *row)
{
    struct loaded *l = arg;

    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ", row->name);
}

static void note_build(void *arg, const struct store_build *row)
{
    struct loaded *l = arg;

    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ", row->image);
}

static void ended_builds(void)
{
    static const struct {
        int64_t ended;
        const char *image, *state;
    } rows[] = {{50, "c", "done"}, {0, "open", "running"}, {10, "a", "done"}, {30, "b", "done"}, {40, "x", "failed"}};
    struct store *s = opened();
    struct loaded l = {.store = s};
    struct err e;

    for (size_t i = 0; i < 5; i++) {
        struct store_build row = {.id = id_of((uint8_t)(80 + i)), .created = 1, .started = 2, .ended = rows[i].ended};

        str_copy(row.image, sizeof row.image, rows[i].image);
        str_copy(row.state, sizeof row.state, rows[i].state);
        ok(store_build_put(s, &row, &e) == 0, "a build, %s", row.image);
    }
    ok(store_build_load_ended(s, &(struct store_ended){"done", 2}, note_build, &l, &e) == 0,
       "the last two that were done");
    is(l.names, "b c ", "are loaded, the oldest first");
    l.names[0] = '\0';
    ok(store_build_load_newest(s, 3, note_build, &l, &e) == 0, "the last three that ended however");
    is(l.names, "c x b ", "are loaded, the newest first");
    store_close(&s);
}

static void note_image(void *arg, const struct store_image *row)
{
    struct loaded *l = arg;

    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ", row->name);
}

static void images_by_use(void)
{
    static const struct {
        const char *name;
        int64_t used;
    } rows[] = {{"by-use-1", 100}, {"by-use-3", 300}, {"by-use-2", 200}};
    struct store *s = opened();
    struct loaded l = {.store = s};
    struct err e;

    for (size_t i = 0; i < 3; i++) {
        struct store_image row = {.id = id_of((uint8_t)(100 + i)), .used = rows[i].used};

        str_copy(row.name, sizeof row.name, rows[i].name);
        ok(store_image_put(s, &row, &e) == 0, "%s", row.name);
    }
    ok(store_image_load_newest(s, 2, note_image, &l, &e) == 0, "the two images that were used last");
    is(l.names, "by-use-3 by-use-2 ", "are loaded, the last one first");
    store_close(&s);
}

static void note_event(void *arg, const struct store_event_row *row)
{
    struct loaded *l = arg;

    snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ", row->kind);
}

/* Five events at 1,000 to 5,000 ms; the first has a session. */
static void add_events(struct store *s)
{
    static const char *const kinds[] = {"a", "b", "c", "d", "e"};
    struct store_session session = {.id = id_of(110), .name = "of-an-event", .repo_url = "https://h/r"};
    struct err e;

    ok(store_session_put(s, &session, &e) == 0, "a session");
    tell("DELETE FROM event");
    for (size_t i = 0; i < 5; i++) {
        struct store_event event = {.kind = kinds[i], .session = i ? NULL : &session.id, .json = "{}"};

        ok(store_event_add(s, &event, &e) == 0, "event %s", kinds[i]);
    }
    tell("UPDATE event SET utc = 1000 * (sequence - (SELECT min(sequence) FROM event) + 1)");
}

static void note_first(void *arg, const struct store_event_row *row)
{
    struct store_event_row *first = arg;

    if (!first->sequence)
        *first = *row;
}

static void events(void)
{
    struct store *s = opened();
    struct store_event_row first = {0};
    struct err e;

    add_events(s);
    ok(store_event_load(s, &(struct store_event_page){.after = 0, .limit = 9}, note_first, &first, &e) == 0, "all");
    ok(str_is(first.session_name, "of-an-event") && str_is(first.repository, "https://h/r") && str_is(first.json, "{}"),
       "an event is read with what its subject is called");
    const struct {
        struct store_event_page page;
        const char *kinds, *sentence;
    } cases[] = {
        {{.after = -1, .limit = 2}, "d e ", "the last two"},
        {{.after = -1, .limit = 9}, "a b c d e ", "the last nine of five"},
        {{.after = first.sequence, .limit = 2}, "b c ", "two behind the first"},
        {{.after = first.sequence + 4, .limit = 2}, "", "none behind the last"},
        {{.after = -1, .since = 3000, .limit = 9}, "c d e ", "since a time that one has"},
        {{.after = -1, .since = 3001, .limit = 1}, "d ", "the first since a time between two"},
        {{.after = -1, .since = 1, .limit = 9}, "a b c d e ", "since before all"},
        {{.after = -1, .since = 5001, .limit = 9}, "", "since after all"},
        {{.after = first.sequence + 3, .since = 2000, .limit = 9}, "e ", "behind one, and since a time"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct loaded l = {.store = s};

        if (store_event_load(s, &cases[i].page, note_event, &l, &e) < 0)
            printf("# %s\n", e.text);
        is(l.names, cases[i].kinds, cases[i].sentence);
    }
    store_close(&s);
}

/* Of each kind one row that has not ended, and some that have. */
static void add_old_rows(struct store *s)
{
    struct err e;

    tell("DELETE FROM container; DELETE FROM session; DELETE FROM launch; DELETE FROM build; DELETE FROM event");
    for (uint8_t n = 0; n < 6; n++) {
        int64_t ended = 1000 * n;
        char name[] = {'s', (char)('0' + n), '\0'};
        struct store_launch launch = {.id = id_of(n), .ended = ended};
        struct store_build build = {.id = id_of(n), .ended = ended};
        struct store_session session = {.id = id_of(n), .ended = ended};
        struct store_container container = {.id = id_of(n), .session = id_of(n), .ended = ended};

        str_copy(session.name, sizeof session.name, name);
        if (store_launch_put(s, &launch, &e) < 0 || store_build_put(s, &build, &e) < 0 ||
            store_session_put(s, &session, &e) < 0 || store_container_put(s, &container, &e) < 0 ||
            store_event_add(s, &(struct store_event){.kind = "old"}, &e) < 0)
            printf("# %s\n", e.text);
    }
    tell("UPDATE event SET utc = 1000 * (sequence - (SELECT min(sequence) FROM event))");
}

static void forgetting(void)
{
    static const char *const kinds[] = {"launch", "build", "session", "container"};
    struct store *s = opened();
    struct err e;

    add_old_rows(s);
    is_number(store_forget(s, 1000, 9, &e), 1, "before the first end there is an event");
    is_number(store_forget(s, 4000, 2, &e), 5 * 2, "two of each kind go at once");
    is_number(store_forget(s, 4000, 2, &e), 4 + 1, "then the rest of what is old enough");
    is_number(store_forget(s, 4000, 2, &e), 0, "and no more");
    for (size_t i = 0; i < 4; i++) {
        cleanup_free char *sql = mem_format("SELECT group_concat(ended) = '0,4000,5000' FROM (SELECT ended FROM %s"
                                            " ORDER BY ended)",
                                            kinds[i]);

        is_number(ask(sql), 1, "what is younger stays, and what has not ended");
    }
    is_number(ask("SELECT min(utc) = 4000 AND count(*) = 2 FROM event"), 1, "of events, too");
    store_close(&s);
}

static void loading(void)
{
    static const struct {
        uint8_t id;
        int64_t created;
        const char *name;
    } rows[] = {{21, 30, "third"}, {22, 10, "first"}, {23, 20, "second"}};
    struct store *s = opened();
    struct loaded l = {.store = s};
    struct err e;

    for (size_t i = 0; i < 3; i++) {
        struct store_session row = {.id = id_of(rows[i].id), .created = rows[i].created};

        str_copy(row.name, sizeof row.name, rows[i].name);
        ok(store_session_put(s, &row, &e) == 0, "%s", rows[i].name);
    }
    ok(store_session_load(s, end_session, &l, &e) == 0, "rows are loaded while they are changed");
    is(l.names, "first second third ", "the oldest first, without what had ended before");
    l.names[0] = '\0';
    ok(store_session_load(s, note_session, &l, &e) == 0 && !l.names[0], "what has ended is not loaded again");
    ok(store_session_load_ended(s, 2, note_session, &l, &e) == 0, "what ended last is asked for");
    is(l.names, "second first ", "so many of them, the one that ended first in front");
    store_close(&s);
}

static void long_texts(void)
{
    struct store_session row = {.id = id_of(31), .name = "long"}, got;
    struct store *s = opened();
    struct err e;

    memset(row.text, 'x', sizeof row.text);
    ok(store_session_put(s, &row, &e) == 0 && store_session_get(s, &row.id, &got, &e) == 1 &&
           strlen(got.text) == STORE_TEXT_MAX,
       "a text without an end is cut when it is written");
    tell("UPDATE session SET text = hex(zeroblob(4000)) WHERE name = 'long'");
    ok(store_session_get(s, &row.id, &got, &e) == 1 && strlen(got.text) == STORE_TEXT_MAX,
       "a longer text in the file is cut when it is read");
    ok(store_session_step(s, &row.id, "0123456789012345678901234567890123456789", &e) == 0 &&
           store_session_get(s, &row.id, &got, &e) == 1 && strlen(got.step) == STORE_WORD_MAX,
       "so is a step");
    store_close(&s);
}

static void transactions(void)
{
    struct store_session row = {.id = id_of(41), .name = "t"}, got;
    struct store_event event = {.kind = "session.started", .session = &row.id};
    struct store *s = opened();
    struct err e;

    ok(store_begin(s, &e) == 0 && store_session_put(s, &row, &e) == 0 && store_event_add(s, &event, &e) == 0,
       "row and event in one transaction");
    ok(store_begin(s, &e) < 0, "transactions do not nest");
    store_rollback(s);
    ok(store_session_get(s, &row.id, &got, &e) == 0 && ask("SELECT count(*) FROM event") == 0, "a rollback takes both");
    store_rollback(s);
    ok(store_begin(s, &e) == 0 && store_session_put(s, &row, &e) == 0 && store_event_add(s, &event, &e) == 0 &&
           store_commit(s, &e) == 0,
       "a rollback without a transaction does nothing");
    store_rollback(s);
    ok(store_session_get(s, &row.id, &got, &e) == 1 && ask("SELECT count(*) FROM event") == 1, "a commit keeps both");
    is_number(ask("SELECT length(session) + length(boot) FROM event WHERE kind = 'session.started' AND json IS NULL"
                  " AND utc > 0 AND monotonic > 0 AND launch IS NULL"),
              16 + 36, "an event has its subject, its boot and its times");
    store_close(&s);
}

/* Writes for ever, row and event; killed in the middle. */
static void write_until_killed(int ready)
{
    struct store *s = opened();
    struct err e;

    for (unsigned n = 0; s; n++) {
        struct store_session row = {.id = {{200, n, n >> 8, n >> 16}}, .created = 1, .ended = 1};

        snprintf(row.name, sizeof row.name, "k%u", n);
        if (store_begin(s, &e) < 0 || store_session_put(s, &row, &e) < 0 ||
            store_event_add(s, &(struct store_event){.kind = "k", .session = &row.id}, &e) < 0 ||
            store_commit(s, &e) < 0)
            break;
        if (n == 50 && write(ready, "x", 1) != 1)
            break;
    }
    _exit(1);
}

static void killed(void)
{
    int ends[2], status = 0;
    struct store *s;
    long long rows;
    char byte;
    pid_t pid;

    if (pipe(ends) < 0 || (pid = fork()) < 0)
        return;
    if (pid == 0)
        write_until_killed(ends[1]);
    ok(read(ends[0], &byte, 1) == 1, "a process writes");
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ok(WIFSIGNALED(status), "and is killed with -9");
    s = opened();
    ok(s != NULL, "the next one opens the state: the lock ended with its owner");
    rows = ask("SELECT count(*) FROM session WHERE name GLOB 'k[0-9]*'");
    ok(rows > 50, "what was committed is there (%lld rows)", rows);
    is_number(ask("SELECT count(*) FROM event WHERE kind = 'k'"), rows, "and no row is without its event");
    store_close(&s);
    close(ends[0]);
    close(ends[1]);
}

static void one_daemon(void)
{
    struct store *s = opened(), *second = NULL;
    struct stat status;
    char pid[32];
    struct err e;

    ok(store_open(&second, path, &e) < 0 && e.code == ERR_STORE_LOCKED, "a second daemon is refused");
    snprintf(pid, sizeof pid, "process %d", (int)getpid());
    ok(strstr(e.text, pid) && strstr(e.text, path), "and told who has it: %s", e.text);
    ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "nobody else reads the state");
    store_close(&s);
    ok(store_open(&s, path, &e) == 0, "once the first has gone it is let in");
    store_close(&s);
    store_close(&s);
}

static void newer(void)
{
    struct store *s = NULL;
    struct err e;
    char back[64];
    int version = ask("PRAGMA user_version");

    ok(version > 1, "the version is in the file: %d", version);
    is_number(ask("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND schema = 'main' AND name NOT GLOB"
                  " 'sqlite_*'"),
              0, "every table is strict");
    tell("PRAGMA user_version = 99");
    ok(store_open(&s, path, &e) < 0 && e.code == ERR_STORE_NEWER && !s, "a newer state is refused: %s", e.text);
    is_number(ask("PRAGMA user_version"), 99, "and left alone");
    sqlite3_snprintf((int)sizeof back, back, "PRAGMA user_version = %d", version);
    tell(back);
    s = opened();
    ok(s != NULL, "its own version opens");
    store_close(&s);
}

static void not_ours(void)
{
    cleanup_free char *text = mem_format("%s/text", folder);
    FILE *file = fopen(text, "w");
    struct store *s = NULL;
    struct err e;

    fprintf(file, "%0999d", 0);
    fclose(file);
    ok(store_open(&s, text, &e) < 0 && e.code == ERR_STORE_FAILED, "a file that is no database is refused: %s", e.text);
    ok(store_open(&s, "/nowhere/state.db", &e) < 0 && e.code == ERR_STORE_FAILED,
       "so is a folder that is not there: %s", e.text);
}

/* A disk without room: no file may grow any more, which SQLite meets as it would a full disk. */
static void no_room(void)
{
    const struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    struct store *s = opened();
    struct store_event event = {.kind = "test"};
    struct err e;

    signal(SIGXFSZ, SIG_IGN);
    ok(store_usable(s), "a store that has just been opened can be written");
    setrlimit(RLIMIT_FSIZE, &none);
    for (int i = 0; i < 2; i++)
        ok(store_event_add(s, &event, &e) < 0 && e.code == ERR_STORE_FAILED && !store_usable(s),
           "without room a write is refused, each time, and the store says that it cannot be written: %s", e.text);
    setrlimit(RLIMIT_FSIZE, &all);
    ok(store_begin(s, &e) == 0 && store_event_add(s, &event, &e) == 0 && store_commit(s, &e) == 0 && store_usable(s),
       "with room again the next write succeeds, and it says so");
    store_close(&s);
}

int main(void)
{
    cleanup_free char *command = NULL;

    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/state.db", folder);
    rows_come_back();
    every_kind();
    loading();
    ended_builds();
    images_by_use();
    long_texts();
    transactions();
    events();
    forgetting();
    killed();
    one_daemon();
    newer();
    not_ours();
    no_room();
    command = mem_format("rm -r %s", folder);
    return system(command) || tap_end();
}
