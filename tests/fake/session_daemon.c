/* A daemon's room session on a fake engine, with a server in its containers and virtual time: for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake/session_daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

static char folder[] = "/tmp/rb-session-XXXXXX";
char control[64];
static char database[64];
static const uint8_t secret[32] = {1, 2, 3};
const struct id image_id = {{42}};

struct loop *loop;
struct store *store;
struct sessions *all;
struct ledger ledger;
int64_t machine_bytes;
int idle_ms = IDLE_MS;
int listener = -1;

struct fake_server server;

static void server_answers(struct fake_question *q)
{
    if (str_ends(q->url, "/api/kernels")) {
        server.for_kernels++;
        str_copy(server.header, sizeof server.header, q->header);
        q->status = server.kernels ? 200 : 0;
        q->body = server.kernels;
        return;
    }
    if (q->socket) {
        str_copy(server.door_url, sizeof server.door_url, q->url);
        str_copy(server.door, sizeof server.door, q->socket);
        q->status = server.at_door++ < server.door_pages ? 424 : 200;
        q->body = q->status == 200 ? "{\"version\":\"2.14\"}" : "Binder not found";
        return;
    }
    server.at_container++;
    str_copy(server.url, sizeof server.url, q->url);
    q->status = loop_now(loop) < server.quiet_ms ? 0 : server.status ? server.status : 200;
    q->body = "{\"version\":\"2.14\"}";
}

char journal[8192];

static void note_line(void *arg, const char *line)
{
    size_t len = strlen(journal);

    snprintf(journal + len, sizeof journal - len, "%s\n", line);
}

static void stop(void *arg)
{
    loop_stop(loop);
}

void run_for(int64_t ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        printf("# loop_run: %s\n", e.text);
}

static void make_sessions(void)
{
    static const struct session_gateway gateway = {
        .settings = {[WIRE_SETTING_HEAD_MAX] = 16384, [WIRE_SETTING_ACTIVITY_MS] = ACTIVITY_MS},
        .portal_url = "https://portal.example/",
        .proxies = {.unix_peers = true}};
    struct session_settings settings = {.hub_url = "http://127.0.0.1:8586/",
                                        .door_socket = "/run/door.sock",
                                        .control_fd = listener,
                                        .secret = secret,
                                        .memory_bytes = INT64_C(2) << 30,
                                        .memory_guarantee_bytes = INT64_C(450) << 20,
                                        .cpu_millis = 1000,
                                        .processes = 512,
                                        .answer_limit_ms = ANSWER_LIMIT_MS,
                                        .idle_ms = idle_ms,
                                        .age_ms = AGE_MS,
                                        .sweep_ms = SWEEP_MS,
                                        .grace_ms = GRACE_MS,
                                        .gateway = &gateway};
    struct session_parts parts = {.loop = loop,
                                  .store = store,
                                  .engine = (struct engine *)&fake_engine,
                                  .outbound = fake_outbound_start(loop, server_answers),
                                  .ledger = &ledger};
    struct err e;

    ledger_init(&ledger, machine_bytes, &(struct ledger_reserve){0});
    if (sessions_new(&all, &parts, &settings, &e) < 0)
        printf("# sessions_new: %s\n", e.text);
}

void daemon_starts(void)
{
    struct store_image image = {.id = image_id, .created = 1, .name = "ringbinder/i-a:c0"};
    struct err e;

    if (loop_new(&loop, &e) < 0 || store_open(&store, database, &e) < 0 || store_image_put(store, &image, &e) < 0 ||
        fd_listen_unix(&listener, control, SOCK_SEQPACKET, 0600, &e) < 0)
        printf("# %s\n", e.text);
    fake_engine_start(loop);
    memset(&server, 0, sizeof server);
    server.kernels = "[]";
    journal[0] = '\0';
    make_sessions();
}

void daemon_ends(void)
{
    sessions_free(&all);
    store_close(&store);
    loop_free(&loop);
    close(listener);
    unlink(database);
}

void daemon_restarts(void)
{
    sessions_free(&all);
    make_sessions();
}

void waiter_done(void *arg, const struct err *e)
{
    struct waiter *w = arg;

    w->op = NULL;
    w->calls++;
    w->e = e ? *e : (struct err){0};
}

const struct session_spec wish = {
    .id = {{1}},
    .image = {{42}},
    .name_front = "a-b-",
    .repo_url = "https://example.org/a/b",
    .ref_url = "https://example.org/a/b",
    .request = "v2/git/x/HEAD",
    .persistent_request = "v2/git/x/c0",
    .launch_host = "http://127.0.0.1:8585/",
};

void starts(struct waiter *w, uint8_t n)
{
    struct session_spec spec = wish;

    spec.id.bytes[0] = n;
    *w = (struct waiter){0};
    w->op = session_start(all, &spec, &w->door, (struct done){waiter_done, w});
}

struct store_session row_of(uint8_t n)
{
    struct store_session row = {0};
    struct err e;

    if (store_session_get(store, &(struct id){{n}}, &row, &e) != 1)
        printf("# no row %d\n", n);
    return row;
}

struct session *running(struct waiter *w, uint8_t n)
{
    starts(w, n);
    run_for(100);
    if (w->calls != 1 || w->e.code)
        printf("# the session did not start: %s\n", w->e.text);
    return session_find(all, w->door.name);
}

const struct wire_message hello = {.kind = WIRE_HELLO, .version = WIRE_VERSION};

int gateway_connects(void)
{
    int fd = -1;
    struct err e;

    if (fd_connect_unix(&fd, control, SOCK_SEQPACKET | SOCK_NONBLOCK, &e) < 0)
        printf("# %s\n", e.text);
    run_for(1);
    return fd;
}

void gateway_says(int fd, const struct wire_message *m)
{
    uint8_t packet[WIRE_PACKET_MAX];
    size_t len = wire_encode(packet, m, WIRE_VERSION);

    if (send(fd, packet, len, MSG_NOSIGNAL) < 0)
        printf("# the gateway cannot send\n");
    run_for(1);
}

bool session_daemon_begin(void)
{
    if (!mkdtemp(folder))
        return false;
    snprintf(database, sizeof database, "%s/state.db", folder);
    snprintf(control, sizeof control, "%s/control.sock", folder);
    log_sink(note_line, NULL);
    return true;
}

void session_daemon_end(void)
{
    unlink(control);
    rmdir(folder);
}
