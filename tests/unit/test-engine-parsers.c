/* What the engine room reads and writes without asking anybody: containers' JSON, tails, cgroups, routes, paths. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/ask.h"
#include "engine/cgroup.h"
#include "engine/container_json.h"
#include "engine/foreign_json.h"
#include "engine/image.h"
#include "engine/network.h"
#include "engine/ports.h"
#include "engine/tail.h"
#include "tap.h"

#define ROW "0123456789abcdef0123456789abcdef"
#define SESSION "fedcba9876543210fedcba9876543210"

static const struct container_place place = {"aaaa0000", "ringbinder-aaaa0000", true};

static struct engine_container_spec spec_of(void)
{
    static const char *const command[] = {"start", "--port=8888", NULL}, *const environment[] = {"A=b", NULL};
    struct engine_container_spec spec = {.image = "ringbinder/i-x:1",
                                         .command = command,
                                         .environment = environment,
                                         .memory_bytes = 2048,
                                         .memory_guarantee_bytes = 1024,
                                         .cpu_millis = 1500,
                                         .processes = 512};

    if (!id_parse(&spec.row, ROW) || !id_parse(&spec.session, SESSION))
        abort();
    return spec;
}

static void test_spec(void)
{
    static const char want[] =
        "{\"Cmd\":[\"start\",\"--port=8888\"],\"Env\":[\"A=b\"],\"HostConfig\":{\"CapDrop\":[\"ALL\"],\"Init\":true,"
        "\"LogConfig\":{\"Config\":{\"max-file\":\"2\",\"max-size\":\"1m\"},\"Type\":\"json-file\"},\"Memory\":2048,"
        "\"MemoryReservation\":1024,\"MemorySwap\":2048,\"NanoCpus\":1500000000,\"NetworkMode\":\"ringbinder-"
        "aaaa0000\","
        "\"PidsLimit\":512,\"RestartPolicy\":{\"Name\":\"no\"},\"SecurityOpt\":[\"no-new-privileges\"]},"
        "\"Image\":\"ringbinder/i-x:1\",\"Labels\":{\"io.ringbinder.instance\":\"aaaa0000\","
        "\"io.ringbinder.session\":\"" SESSION "\"},\"User\":\"1000:1000\"}";
    struct engine_container_spec spec = spec_of();
    static const char *const bad[] = {"A=\xc3", NULL};
    struct container_place bare = place;
    json_auto_t *json = container_spec_json(&spec, &place), *small = NULL, *none = NULL;
    cleanup_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS), *small_text = NULL;

    is(text, want, "a container is asked for with user, limits, labels and network, and nothing else");
    spec.memory_bytes = spec.memory_guarantee_bytes = spec.cpu_millis = spec.processes = 0;
    spec.command = NULL;
    bare.init = false;
    small = container_spec_json(&spec, &bare);
    small_text = json_dumps(small, JSON_COMPACT | JSON_SORT_KEYS);
    ok(!strstr(small_text, "Memory") && !strstr(small_text, "Pids") && !strstr(small_text, "Nano") &&
           !strstr(small_text, "Cmd") && !strstr(small_text, "Init"),
       "what is not limited is not named, an image's own command stays, and an engine without a reaper gets none");
    spec.environment = bad;
    none = container_spec_json(&spec, &place);
    ok(!none, "what is no UTF-8 cannot be asked for");
}

static void test_names(void)
{
    static const char *const others[] = {"rb-aaaa0000",
                                         "rb-aaaa0000-",
                                         "rb-aaaa0000-" ROW "0",
                                         "rb-bbbb0000-" ROW,
                                         "aaaa0000-" ROW,
                                         "rb-aaaa0000_" ROW,
                                         "rb-aaaa0000-0123456789abcdef0123456789abcdeg"};
    struct engine_container_spec spec = spec_of();
    char name[CONTAINER_NAME];
    struct id row;
    bool taken = false;

    is(container_name(name, "aaaa0000", &spec.row), "rb-aaaa0000-" ROW, "a container is named after instance and row");
    ok(container_name_read(&row, "aaaa0000", name) && id_equal(&row, &spec.row), "which is read back");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        taken |= container_name_read(&row, "aaaa0000", others[i]);
    ok(!taken, "other names are not ours");
}

static struct engine_container listed(const char *text, bool *ours)
{
    json_auto_t *json = json_loads(text, 0, NULL);
    struct engine_container c;

    *ours = container_listed(&c, json, &place);
    return c;
}

#define LISTED(state, status)                                                                                          \
    "{\"Id\":\"e1\",\"Names\":[\"/rb-aaaa0000-" ROW "\"],\"Labels\":{\"io.ringbinder.session\":\"" SESSION             \
    "\"},\"State\":\"" state "\",\"Status\":\"" status                                                                 \
    "\",\"NetworkSettings\":{\"Networks\":{\"ringbinder-aaaa0000\":"                                                   \
    "{\"IPAddress\":\"172.18.0.2\"}}}}"

static void test_list(void)
{
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 172, 18, 0, 2}, none[16];
    struct engine_container_spec spec = spec_of();
    bool ours;
    struct engine_container c = listed(LISTED("running", "Up 5 seconds"), &ours);

    ok(ours && id_equal(&c.row, &spec.row) && id_equal(&c.session, &spec.session), "an item names row and session");
    ok(c.running && memcmp(c.address, address, 16) == 0, "a running one has its address on our network");
    c = listed(LISTED("paused", "Up 5 seconds (Paused)"), &ours);
    ok(c.running, "a paused one runs");
    c = listed(LISTED("exited", "Exited (137) 5 minutes ago"), &ours);
    ok(!c.running && c.exit_code == 137, "one that ended has its exit code");
    c = listed(LISTED("exited", "Ended somehow"), &ours);
    ok(ours && !c.running && c.exit_code == 0, "0 where the engine does not say");
    c = listed("{\"Names\":[\"/rb-aaaa0000-" ROW "\"],\"Labels\":null}", &ours);
    ok(ours && id_is_none(&c.session) && !c.running && memcmp(c.address, none, 16) == 0,
       "one without labels, state and network is still ours");
    listed("{\"Names\":[\"/somebody\"]}", &ours);
    ok(!ours, "one of another name is not, whatever its labels");
    listed("{\"Names\":[]}", &ours);
    ok(!ours, "nor one without a name");
    listed("[]", &ours);
    ok(!ours, "nor what is no object");
}

static void test_inspect(void)
{
    json_auto_t *running = json_loads("{\"Id\":\"e1\",\"State\":{\"Status\":\"running\",\"ExitCode\":0},\"Config\":{"
                                      "\"Labels\":{\"io.ringbinder.session\":\"" SESSION "\"}},\"NetworkSettings\":{"
                                      "\"Networks\":{\"ringbinder-aaaa0000\":{\"IPAddress\":\"not one\"}}}}",
                                      0, NULL);
    json_auto_t *odd = json_loads("{\"State\":\"running\"}", 0, NULL);
    struct engine_container c = {0};
    struct err e;

    ok(container_inspected(&c, running, &place, &e) == 0 && c.running && !id_is_none(&c.session) && !c.address[12],
       "an inspected container has a state, and no address where that is none");
    is(container_engine_id(running), "e1", "and the engine's own id");
    ok(container_inspected(&c, odd, &place, &e) < 0 && e.code == ERR_ENGINE_ODD, "an answer without a state is odd");
}

static void test_tail(void)
{
    static const char two[] = "\1\0\0\0\0\0\0\4one\n\2\0\0\0\0\0\0\4two\n";
    static const char cut[] = "\1\0\0\0\0\0\1\0short";
    static const char nul[] = "\1\0\0\0\0\0\0\3a\0b";
    char out[TAIL_MAX], *big = mem_zero(1, 5008);

    tail_read(out, sizeof out, (struct slice){two, sizeof two - 1});
    is(out, "one\ntwo\n", "frames of both outputs are put together");
    tail_read(out, sizeof out, (struct slice){cut, sizeof cut - 1});
    is(out, "short", "a frame that is cut off counts as far as it goes");
    tail_read(out, sizeof out, (struct slice){nul, sizeof nul - 1});
    is(out, "a b", "a NUL becomes a blank");
    tail_read(out, sizeof out, slice_of("abc"));
    is(out, "", "less than a frame's head is nothing");
    memcpy(big, "\1\0\0\0\0\0\x13\x88", 8);
    memset(big + 8, 'x', 4999);
    big[5007] = 'y';
    tail_read(out, sizeof out, (struct slice){big, 5008});
    ok(strlen(out) == 2000 && out[1999] == 'y', "of much, the last 2,000 bytes are kept");
    free(big);
}

static void put(const char *root, const char *path, const char *text)
{
    cleanup_free char *full = mem_format("%s/%s", root, path);
    FILE *file;

    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    file = fopen(full, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static void test_cgroup(void)
{
    char root[] = "/tmp/test-cgroup-XXXXXX";
    struct cgroup_place where = {root, NULL};
    cleanup_free char *remove = NULL;

    if (!mkdtemp(root))
        abort();
    put(root, "docker/v2/cpu.stat", "usage_usec 1234\nuser_usec 1000\n");
    put(root, "system.slice/docker-unit.scope/cpu.stat", "nr_periods 3\nusage_usec 77\n");
    put(root, "cpuacct/docker/v1/cpuacct.usage", "5678999\n");
    put(root, "docker/odd/cpu.stat", "usage_usec many\n");
    is_number(cgroup_cpu_us(&where, "v2"), 1234, "processor time of a cgroup v2");
    is_number(cgroup_cpu_us(&where, "unit"), 77, "under the systemd driver");
    is_number(cgroup_cpu_us(&where, "v1"), 5678, "and of v1, which counts nanoseconds");
    is_number(cgroup_cpu_us(&where, "nowhere"), -1, "-1 without a cgroup");
    is_number(cgroup_cpu_us(&where, "odd"), -1, "or without a number in it");
    put(root, "docker/v2/memory.current", "4096\n");
    put(root, "memory/docker/v1/memory.usage_in_bytes", "8192\n");
    is_number(cgroup_memory(&where, "v2"), 4096, "memory of a cgroup v2");
    is_number(cgroup_memory(&where, "v1"), 8192, "and of v1");
    is_number(cgroup_memory(&where, "nowhere"), -1, "-1 without a cgroup");
    put(root, "own/v2/cpu.stat", "usage_usec 11\n");
    put(root, "a.slice/a-b.slice/docker-unit.scope/cpu.stat", "usage_usec 22\n");
    where.parent = "own";
    is_number(cgroup_cpu_us(&where, "v2"), 11, "an engine's --cgroup-parent is where its containers are");
    is_number(cgroup_cpu_us(&where, "unit"), -1, "and no other");
    where.parent = "a-b.slice";
    is_number(cgroup_cpu_us(&where, "unit"), 22, "a slice lies in those of its name");
    remove = mem_format("rm -r %s", root);
    ok(system(remove) == 0, "(cleared away)");
}

static void test_mtu(void)
{
    static const char routes[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                                 "lo\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
                                 "tun0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
    char net[] = "/tmp/test-net-XXXXXX";
    cleanup_free char *remove = NULL;

    if (!mkdtemp(net))
        abort();
    put(net, "tun0/mtu", "1420\n");
    put(net, "lo/mtu", "65536\n");
    is_number(engine_network_mtu(routes, net), 1420, "the MTU is that of the default route's interface");
    is_number(engine_network_mtu("Iface\tDestination\n", net), 0, "0 without a default route");
    is_number(engine_network_mtu(routes, "/nonexistent"), 0, "or when the interface does not say");
    remove = mem_format("rm -r %s", net);
    ok(system(remove) == 0, "(cleared away)");
}

static void test_texts(void)
{
    cleanup_free char *path = engine_path("/images/%s/json?a=%%20", "host:5000/a b?c%s");
    struct engine_image image = {.labels = "{\"a\":\"1\",\"b\":2}"}, bare = {0};
    cleanup_free char *label = engine_image_label(&image, "a");

    is(path, "/images/host:5000/a%20b%3Fc%25s/json?a=%%20", "a name in a path is encoded");
    is(label, "1", "a label is read");
    ok(!engine_image_label(&image, "b") && !engine_image_label(&image, "c") && !engine_image_label(&bare, "a"),
       "one that is no text, is not there, or of an image without labels, is not");
}

static void test_foreign_json(void)
{
    static const char text[] = "{\"a\\u0000b\":\"c\\u0000\\\\u0000\\\\\\u0000\"}";
    json_auto_t *json = foreign_json(text, sizeof text - 1, NULL);

    is(json_string_value(json_object_get(json, "a\xef\xbf\xbd"
                                               "b")),
       "c\xef\xbf\xbd\\u0000\\\xef\xbf\xbd",
       "NUL in names and values of a stranger's labels is replaced, what only looks so is not");
    ok(!foreign_json("{\"a\\u000", 8, NULL), "what is cut off is no JSON");
}

/* ---- ports ---- */

static void test_ports(void)
{
    static const char tcp[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0B00007F:A3F1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 "
        "0\n"
        "   1: 0100007F:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 100 0 0 10 "
        "0\n"
        "   2: 020012AC:C350 030012AC:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 100 0 0 10 "
        "0\n";
    static const char tcp6[] =
        "  sl  local_address                         remote_address                        st\n"
        "   0: 00000000000000000000000000000000:270F 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
        "   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000\n";
    static const char noise[] = "   0: zz:1\n\n   1: 0100007F:22B8";
    struct engine_port got[ENGINE_PORTS_MAX];
    int count = 0;

    ports_read(got, &count, tcp);
    ok(count == 1 && got[0].number == 8888 && !got[0].everywhere,
       "who listens on loopback is seen; connections and the engine's resolver are not");
    ports_read(got, &count, tcp6);
    ok(count == 3 && got[1].number == 9999 && got[1].everywhere && got[2].number == 8080 && !got[2].everywhere,
       "IPv6 as well");
    ports_read(got, &count, noise);
    is_number(count, 3, "what is no such line is passed over");
    count = ENGINE_PORTS_MAX;
    ports_read(got, &count, tcp6);
    is_number(count, ENGINE_PORTS_MAX, "more than there is room for are left out");
}

int main(void)
{
    test_foreign_json();
    test_spec();
    test_names();
    test_list();
    test_inspect();
    test_tail();
    test_cgroup();
    test_mtu();
    test_texts();
    test_ports();
    return tap_end();
}
