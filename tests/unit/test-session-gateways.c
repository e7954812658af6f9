/* What gateways are told and what they may say, on control.sock, with a fake engine and virtual time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "fake/session_daemon.h"
#include "tap.h"

/* The next message; kind 0 when there is none. */
static struct wire_message gateway_hears(int fd)
{
    uint8_t packet[WIRE_PACKET_MAX];
    struct wire_message m = {0};
    ssize_t len = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
    struct err e;

    if (len > 0 && wire_decode(&m, packet, (size_t)len, WIRE_VERSION, &e) < 0)
        printf("# %s\n", e.text);
    return m;
}

/* Reads up to SYNCED; how many routes there were. */
static int gateway_syncs(int fd)
{
    int routes = 0;

    for (int i = 0; i < 5000; i++) {
        struct wire_message m = gateway_hears(fd);

        if (m.kind == WIRE_SYNCED)
            return routes;
        routes += m.kind == WIRE_ROUTE;
        if (!m.kind)
            run_for(1);
    }
    return -1;
}

static bool is_closed(int fd)
{
    uint8_t byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void gateway_is_told(void)
{
    struct wire_message m;
    struct waiter w;
    struct session *s;
    int fd, second;

    daemon_starts();
    fd = gateway_connects();
    gateway_says(fd, &hello);
    m = gateway_hears(fd);
    ok(m.kind == WIRE_HELLO && m.version == WIRE_VERSION, "a hello is answered with a hello");
    m = gateway_hears(fd);
    ok(m.kind == WIRE_SETTING && m.setting == WIRE_SETTING_HEAD_MAX && m.value == 16384, "and the settings");
    do
        m = gateway_hears(fd);
    while (m.kind == WIRE_SETTING);
    ok(m.kind == WIRE_TEXT && m.text == WIRE_TEXT_PORTAL_URL && str_is(m.bytes, "https://portal.example/"),
       "the portal's URL");
    m = gateway_hears(fd);
    ok(m.kind == WIRE_PROXIES && m.proxies.unix_peers, "whom to believe");
    run_for(100);
    is_number(gateway_syncs(fd), 0, "and all routes, of which there are none");
    s = running(&w, 1);
    m = gateway_hears(fd);
    ok(m.kind == WIRE_ROUTE && m.route == WIRE_ROUTE_OPEN && str_is(m.name, w.door.name) && m.port == 8888 &&
           m.address[12] == 172 && m.address[15] == 2,
       "a session that answers has a route to its container");
    second = gateway_connects();
    gateway_says(second, &hello);
    is_number(gateway_syncs(second), 1, "a second gateway gets the whole table");
    session_cause(s, SESSION_ENDED, &(struct err){ERR_SESSION_IDLE, "nobody worked"});
    for (int i = 0; i < 2; i++) {
        do
            m = gateway_hears(i ? second : fd);
        while (m.kind == WIRE_ROUTE && m.route == WIRE_ROUTE_OPEN);
        ok(m.kind == WIRE_ROUTE && m.route == WIRE_ROUTE_CLOSED && m.code == ERR_SESSION_IDLE,
           "both hear that it has ended, and why");
        ok(m.ended_s && str_is(m.why, "nobody worked") && str_is(m.bytes, "v2/git/x/HEAD"),
           "when, and how to launch it again");
    }
    daemon_restarts();
    ok(is_closed(fd) && is_closed(second), "a daemon that goes takes its connections along");
    close(fd);
    close(second);
    fd = gateway_connects();
    gateway_says(fd, &hello);
    is_number(gateway_syncs(fd), 1, "and after a restart the page of what ended is still there");
    close(fd);
    daemon_ends();
}

static void gateway_is_older(void)
{
    static const struct wire_message old = {.kind = WIRE_HELLO, .version = WIRE_VERSION - 1};
    struct wire_message m;
    struct waiter w;
    int fd;

    daemon_starts();
    run_for(100);
    session_cause(running(&w, 1), SESSION_ENDED, &(struct err){.code = ERR_SESSION_IDLE});
    fd = gateway_connects();
    gateway_says(fd, &old);
    do {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t len = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
        struct err e;

        m = (struct wire_message){0};
        if (len <= 0 || wire_decode(&m, packet, (size_t)len, WIRE_VERSION - 1, &e) < 0)
            break;
    } while (m.kind != WIRE_ROUTE);
    ok(m.kind == WIRE_ROUTE && m.route == WIRE_ROUTE_CLOSED && m.code == ERR_SESSION_IDLE,
       "a gateway of the version before is told all in its own words");
    is_number(gateway_syncs(fd), 0, "to the end");
    close(fd);
    daemon_ends();
}

static void gateway_waits_for_the_engine(void)
{
    struct wire_message m;
    struct waiter w;
    int fd;

    daemon_starts();
    run_for(10);
    running(&w, 1);
    fake_engine.hold[FAKE_LIST] = true;
    daemon_restarts();
    fd = gateway_connects();
    gateway_says(fd, &hello);
    run_for(1000);
    do
        m = gateway_hears(fd);
    while (m.kind && m.kind != WIRE_ROUTE && m.kind != WIRE_SYNCED);
    is_number(m.kind, 0, "after a restart no table is sent before the engine has said what runs");
    fake_engine_release(FAKE_LIST);
    run_for(100);
    ok(gateway_syncs(fd) >= 1, "so that the gateway forgets no session that does");
    close(fd);
    daemon_ends();
}

static void gateway_is_hostile(void)
{
    static const struct {
        struct wire_message m;
        bool greeted;
        const char *sentence;
    } told[] = {
        {{.kind = WIRE_ROUTE, .name = "x", .route = WIRE_ROUTE_HELD}, true, "it may not set routes"},
        {{.kind = WIRE_SETTING, .setting = 1}, true, "nor settings"},
        {{.kind = WIRE_SYNCED}, true, "nor say that all is said"},
        {{.kind = WIRE_HELLO, .version = 1}, true, "nor greet twice"},
        {{.kind = WIRE_WAKE, .name = "x"}, false, "nor speak before its hello"},
        {{.kind = WIRE_HELLO, .version = 0}, false, "nor speak a version that is too old"},
    };
    static const uint8_t large[WIRE_PACKET_MAX + 1] = {WIRE_HELLO};
    int fds[ROUTES_GATEWAYS_MAX + 1];
    int fd;

    daemon_starts();
    run_for(10);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        fd = gateway_connects();
        if (told[i].greeted) {
            gateway_says(fd, &hello);
            gateway_syncs(fd);
        }
        run_for(1000); /* the journal hears of one a second */
        journal[0] = '\0';
        gateway_says(fd, &told[i].m);
        ok(is_closed(fd) && strstr(journal, "RB1101"), "%s", told[i].sentence);
        close(fd);
    }
    for (size_t len = 1; len <= sizeof large; len += sizeof large - 1) {
        fd = gateway_connects();
        if (send(fd, large, len, 0) < 0)
            printf("# the gateway cannot send\n");
        run_for(1);
        ok(is_closed(fd), "a packet of %zu bytes closes the connection", len);
        close(fd);
    }
    for (int i = 0; i <= ROUTES_GATEWAYS_MAX; i++)
        fds[i] = gateway_connects();
    ok(is_closed(fds[ROUTES_GATEWAYS_MAX]) && !is_closed(fds[0]), "there is a limit to how many there are");
    for (int i = 0; i <= ROUTES_GATEWAYS_MAX; i++)
        close(fds[i]);
    run_for(1);
    fd = gateway_connects();
    gateway_says(fd, &hello);
    is_number(gateway_syncs(fd), 0, "and when they have gone others are let in");
    close(fd);
    daemon_ends();
}

static void gateway_comes_when_there_are_no_descriptors(void)
{
    struct rlimit before, few;
    int fd = -1, next;
    struct err e;

    daemon_starts();
    run_for(10);
    journal[0] = '\0';
    if (fd_connect_unix(&fd, control, SOCK_SEQPACKET | SOCK_NONBLOCK, &e) < 0)
        printf("# %s\n", e.text);
    next = dup(fd);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &few);
    alarm(20); /* a loop that asks in vain never comes to the next timer */
    run_for(3000);
    alarm(0);
    setrlimit(RLIMIT_NOFILE, &before);
    ok(strstr(journal, "cannot be let in yet: Too many open files"), "without descriptors a gateway waits");
    gateway_says(fd, &hello);
    run_for(1001);
    is_number(gateway_syncs(fd), 0, "and is let in when there are some");
    close(fd);
    daemon_ends();
}

static void gateway_does_not_read(void)
{
    char name[WIRE_NAME_MAX + 1];
    int fd, synced;

    daemon_starts();
    run_for(10);
    for (int i = 0; i < 2000; i++) {
        struct id id = {{3, (uint8_t)i, (uint8_t)(i >> 8)}};

        snprintf(name, sizeof name, "old-%d", i);
        session_add(all, &id, name, SESSION_GONE);
    }
    fd = gateway_connects();
    gateway_says(fd, &hello);
    run_for(1);
    synced = gateway_syncs(fd);
    is_number(synced, 2000, "a table that does not fit into the socket at once comes whole");
    sweep_within(all->sweeper, 0);
    run_for(100);
    ok(all->gone == SESSION_GONE_MAX && !session_find(all, "old-999") && session_find(all, "old-1000"),
       "of those that ended the newest %d are kept", SESSION_GONE_MAX);
    for (int i = 0; i < 80000; i++)
        routes_tell(session_find(all, "old-1999"));
    run_for(1);
    ok(strstr(journal, "does not read") != NULL, "a gateway that does not read is written down");
    for (int i = 0; i < 4000 && !is_closed(fd); i++)
        gateway_hears(fd);
    ok(is_closed(fd), "and its connection closed: it comes back and gets the whole table");
    close(fd);
    daemon_ends();
}

static void gateway_hints(void)
{
    struct wire_message activity = {.kind = WIRE_ACTIVITY, .input_ms = 1000, .any_ms = 0}, hint;
    struct waiter w;
    struct session *s;
    int fd, lists;

    daemon_starts();
    run_for(10);
    s = running(&w, 1);
    fd = gateway_connects();
    gateway_says(fd, &hello);
    gateway_syncs(fd);
    str_copy(activity.name, sizeof activity.name, s->name);
    for (int i = 0; i < 20; i++) {
        run_for(IDLE_MS / 10);
        gateway_says(fd, &activity);
    }
    is_number(session_state(s), SESSION_RUNNING, "a session with input is not idle");
    activity.input_ms = UINT32_MAX;
    for (int i = 0; i < 12; i++) {
        run_for(IDLE_MS / 10);
        gateway_says(fd, &activity);
    }
    is_number(session_state(s), SESSION_GONE, "polls and pongs without input do not keep it");
    gateway_says(fd, &activity);
    hint = (struct wire_message){.kind = WIRE_WAKE};
    str_copy(hint.name, sizeof hint.name, s->name);
    gateway_says(fd, &hint);
    hint.kind = WIRE_UNREACHABLE;
    gateway_says(fd, &hint);
    is_number(session_state(s), SESSION_GONE, "a hint that is late does no harm");

    s = running(&w, 2);
    str_copy(hint.name, sizeof hint.name, s->name);
    fake_engine.count = 0;
    lists = fake_engine.calls[FAKE_LIST];
    for (int i = 0; i < 100; i++)
        gateway_says(fd, &hint);
    run_for(2000);
    ok(session_state(s) == SESSION_GONE && s->code == ERR_SESSION_LOST,
       "a container that cannot be reached is looked for");
    ok(fake_engine.calls[FAKE_LIST] - lists <= 4, "but not as often as the gateway says so");
    close(fd);
    daemon_ends();
}

static void input_before_a_restart(void)
{
    struct wire_message activity = {.kind = WIRE_ACTIVITY, .input_ms = IDLE_MS - 120000, .any_ms = 0};
    struct waiter w;
    struct session *s;
    int fd;

    daemon_starts();
    run_for(10);
    running(&w, 1);
    run_for(1000);
    daemon_restarts();
    fd = gateway_connects();
    gateway_says(fd, &hello);
    run_for(100);
    s = session_find(all, w.door.name);
    str_copy(activity.name, sizeof activity.name, s->name);
    gateway_says(fd, &activity);
    run_for(100000);
    is_number(session_state(s), SESSION_RUNNING, "input that the gateway saw before a restart counts");
    run_for(50000);
    is_number(session_state(s), SESSION_GONE, "from when it was");
    close(fd);
    daemon_ends();
}

int main(void)
{
    if (!session_daemon_begin())
        return 1;
    gateway_is_told();
    gateway_is_older();
    gateway_waits_for_the_engine();
    gateway_is_hostile();
    gateway_comes_when_there_are_no_descriptors();
    gateway_does_not_read();
    gateway_hints();
    input_before_a_restart();
    session_daemon_end();
    return tap_end();
}
