/* Limits of build steps on a folder made to look like cgroups: which steps are ours, and what is written where. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/steplimit.h"
#include "engine/stepname.h"
#include "engine/trace.h"
#include "loop/loop.h"
#include "tap.h"

/* ---- names ---- */

static bool runs(const char *name, const char *const *args)
{
    return stepname_runs(slice_of(name), args);
}

static bool runs_in_shell(const char *name, const char *command)
{
    return runs(name, (const char *const[]){"/bin/sh", "-c", command, NULL});
}

static void test_names(void)
{
    ok(runs_in_shell("[2/3] RUN pip install numpy", "pip install numpy"), "a RUN is known by its command");
    ok(runs_in_shell("[stage-1 2/3] RUN pip install numpy", "pip install numpy"), "in any stage");
    ok(!runs_in_shell("[2/3] RUN pip install numpy", "pip install pandas"), "another command is another step");
    ok(!runs_in_shell("[2/3] RUN pip install numpy", "install numpy"), "so is the end of one");
    ok(!runs_in_shell("[2/3] RUN pip install numpy", "pip install"), "and its beginning");
    ok(!runs_in_shell("[2/3] COPY a b", "a b") && !runs_in_shell("[internal] load build context", "context"),
       "what is no RUN runs nothing");
    ok(runs_in_shell("[2/3] RUN --mount=type=cache,target=/x pip install numpy", "pip install numpy"),
       "flags are no part of the command");
    ok(runs_in_shell("[2/3] RUN echo /root/bin:/usr/bin x 'c$FOO' \\done",
                     "echo $HOME/bin:${PATH:-a${B}} x 'c$FOO' \\\\done"),
       "variables may have been replaced, backslashes taken away");
    ok(!runs_in_shell("[2/3] RUN echo /root/bin", "printf $HOME/bin"), "what stands around them is compared");
    ok(runs_in_shell("[2/3] RUN\tPIP install numpy", "pip install numpy"), "the first word may be in capitals");
    ok(runs_in_shell("[2/3] RUN echo \xc3\x84", "echo \xc3\xa4"), "and have letters that have others as capitals");
    ok(runs("[2/3] RUN [\"sleep\", \"2\"]", (const char *const[]){"sleep", "2", NULL}), "a list of words");
    ok(!runs("[2/3] RUN [\"sleep\", \"2\"]", (const char *const[]){"sleep", "3", NULL}), "is compared word by word");
    ok(runs("[2/3] RUN [\"sl\\u0065ep\", \"2\"]", (const char *const[]){"sleep", "2", NULL}),
       "one with escapes may be any command: hiding does not help");
    ok(runs_in_shell("[2/3] RUN <<EOF (echo a...)", "echo a\necho b\n"), "a heredoc is more than one line");
    ok(!runs_in_shell("[2/3] RUN <<EOF (echo a...)", "echo a"), "which nothing else is");
}

static void test_long_names(void)
{
    cleanup_free char *command = mem_zero(1, 40000);
    cleanup_free char *name = NULL;

    memset(command, 'x', 39999);
    name = mem_format("[2/3] RUN %s", command);
    ok(stepname_runs((struct slice){name, STEPNAME_MAX}, (const char *const[]){"sh", "-c", command, NULL}),
       "a name that was cut off may be any command: padding does not help");
}

/* ---- a folder of cgroups ---- */

static struct loop *loop;
static char root[64], place[160];

static void put(const char *path, const char *text)
{
    cleanup_free char *whole = mem_format("%s/%s", root, path);
    FILE *file = fopen(whole, "w");

    if (!file || fputs(text, file) < 0)
        abort();
    fclose(file);
}

static char *get(const char *path)
{
    cleanup_free char *whole = mem_format("%s/%s", root, path);
    cleanup_file FILE *file = fopen(whole, "r");
    char *text = mem_zero(1, 256);

    if (!file || !fgets(text, 255, file))
        abort();
    return text;
}

static void make(const char *path)
{
    cleanup_free char *whole = mem_format("%s/%s", root, path);
    struct err e;

    if (cgroup_make(whole, &e) < 0)
        abort();
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void turn(void)
{
    struct err e;

    loop_timer_new(loop, 20, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

/* A step as the executor makes it: its bundle, then its cgroups. */
static void begin_step(const char *id, const char *command)
{
    cleanup_free char *bundle = mem_format("data/buildkit/executor/%s", id);
    cleanup_free char *config = mem_format("%s/config.json", bundle);
    cleanup_free char *json = mem_format("{\"process\":{\"args\":[\"/bin/sh\",\"-c\",\"%s\"]}}", command);
    static const char *const parts[][2] = {
        {"memory", "memory.limit_in_bytes"}, {"memory", "memory.memsw.limit_in_bytes"}, {"pids", "pids.max"}};

    make(bundle);
    put(config, json);
    for (size_t i = 0; i < 3; i++) {
        cleanup_free char *cgroup = mem_format("%s/docker/buildkit/%s", parts[i][0], id);
        cleanup_free char *file = mem_format("%s/%s", cgroup, parts[i][1]);

        make(cgroup);
        put(file, "-");
    }
}

static bool limited(const char *id, const char *memory, const char *processes)
{
    cleanup_free char *a = mem_format("memory/docker/buildkit/%s/memory.limit_in_bytes", id), *one = get(a);
    cleanup_free char *b = mem_format("memory/docker/buildkit/%s/memory.memsw.limit_in_bytes", id), *two = get(b);
    cleanup_free char *c = mem_format("pids/docker/buildkit/%s/pids.max", id), *three = get(c);

    return str_starts(one, memory) && str_starts(two, memory) && str_starts(three, processes);
}

/* ---- a trace ---- */

static void drop(void *arg, const char *text, size_t len)
{
}

static void add_field(struct buf *out, int number, const void *bytes, size_t len)
{
    buf_add_char(out, (char)(number << 3 | 2));
    buf_add_char(out, (char)len);
    buf_add(out, bytes, len);
}

/* A record of one step that has begun, and ended if `over`. */
static void tell(struct trace *t, const char *name, bool over)
{
    cleanup_buf struct buf vertex = BUF_OF(1024), record = BUF_OF(1024);
    struct err e;

    add_field(&vertex, 1, name, strlen(name));
    add_field(&vertex, 3, name, strlen(name));
    add_field(&vertex, 5, "\x08\x01", 2);
    if (over)
        add_field(&vertex, 6, "\x08\x02", 2);
    add_field(&record, 1, vertex.bytes, vertex.len);
    if (trace_add(t, record.bytes, record.len, &e) < 0)
        abort();
}

static struct steplimit *limiter(const char *driver)
{
    struct steplimit_place where = {.root = root, .driver = driver, .data_root = place};
    struct steplimit *s = NULL;
    struct err e;

    ok(steplimit_new(&s, loop, &where, &e) == 0, "steps can be limited");
    return s;
}

static void test_limits(void)
{
    struct steplimit *s = limiter("cgroupfs");
    struct trace *trace = trace_new(&(struct trace_listener){.line = drop});
    struct steplimit_build build = {.trace = trace, .limits = {128 << 20, 64}};
    struct err e;

    begin_step("early", "make");
    turn();
    ok(steplimit_add(s, &build, &e) == 0 && steplimit_busy(s), "a build begins");
    tell(trace, "[2/3] RUN make", false);
    begin_step("ours", "make");
    begin_step("theirs", "make something");
    turn();
    ok(limited("ours", "134217728", "64"), "a step of ours gets both limits");
    ok(limited("theirs", "-", "-"), "one of somebody else's build gets none");
    ok(limited("early", "-", "-"), "nor does one that ran before");
    begin_step("before", "make test");
    turn();
    ok(limited("before", "-", "-"), "a step whose trace has not come waits");
    tell(trace, "[3/3] RUN make test", false);
    steplimit_look(s);
    ok(limited("before", "134217728", "64"), "and gets its limits with it");
    begin_step("lower", "make");
    put("memory/docker/buildkit/lower/memory.limit_in_bytes", "1000\n");
    turn();
    {
        cleanup_free char *lower = get("memory/docker/buildkit/lower/memory.limit_in_bytes");

        is(lower, "1000\n", "a lower limit that somebody else has set stays");
    }
    tell(trace, "[2/3] RUN make", true);
    begin_step("again", "make");
    turn();
    ok(limited("again", "-", "-"), "what has ended does not run any more");
    steplimit_remove(s, &build);
    steplimit_remove(s, &build);
    begin_step("after", "make test");
    turn();
    ok(!steplimit_busy(s) && limited("after", "-", "-"), "without a build of ours nothing is touched");
    trace_free(&trace);
    steplimit_free(&s);
}

static void test_unreadable(void)
{
    struct steplimit *s = limiter("cgroupfs");
    struct trace *trace = trace_new(&(struct trace_listener){.line = drop});
    struct steplimit_build build = {.trace = trace, .limits = {128 << 20, 64}};
    struct err e;

    if (steplimit_add(s, &build, &e) < 0)
        abort();
    tell(trace, "[2/3] RUN make", false);
    make("data/buildkit/executor/odd");
    put("data/buildkit/executor/odd/config.json", "{");
    make("pids/docker/buildkit/odd");
    put("pids/docker/buildkit/odd/pids.max", "-");
    make("memory/docker/buildkit/nobody");
    turn();
    {
        cleanup_free char *max = get("pids/docker/buildkit/odd/pids.max");

        is(max, "64", "a step whose command cannot be read is taken for ours");
    }
    ok(1, "and a folder that is no step's is left alone");
    steplimit_remove(s, &build);
    trace_free(&trace);
    steplimit_free(&s);
}

/* A step of v2 in a cgroup of this name. */
static bool limited_in(const char *id, const char *cgroup)
{
    cleanup_free char *bundle = mem_format("data/buildkit/executor/%s", id),
                      *config = mem_format("%s/config.json", bundle);
    cleanup_free char *max = mem_format("%s/memory.max", cgroup), *swap_max = mem_format("%s/memory.swap.max", cgroup);
    cleanup_free char *memory = NULL, *swap = NULL;

    make(bundle);
    put(config, "{\"process\":{\"args\":[\"sh\",\"-c\",\"make\"]}}");
    make(cgroup);
    put(max, "-");
    put(swap_max, "-");
    turn();
    memory = get(max);
    swap = get(swap_max);
    return str_starts(memory, "134217728") && str_starts(swap, "0");
}

static struct steplimit *systemd_limiter(const char *parent, struct steplimit_build *build)
{
    struct steplimit_place where = {.root = root, .parent = parent, .driver = "systemd", .data_root = place};
    struct steplimit *s = NULL;
    struct err e;

    if (steplimit_new(&s, loop, &where, &e) < 0 || steplimit_add(s, build, &e) < 0)
        abort();
    return s;
}

static void test_second_version(void)
{
    struct trace *trace = trace_new(&(struct trace_listener){.line = drop});
    struct steplimit_build build = {.trace = trace, .limits = {128 << 20, 64}};
    struct steplimit *s;

    put("cgroup.controllers", "memory pids\n");
    tell(trace, "[2/3] RUN make", false);
    s = systemd_limiter(NULL, &build);
    ok(limited_in("two", "system.slice/docker-two.scope"), "cgroup v2 under systemd is the same");
    ok(limited_in("three", "system.slice/system.slice:docker:three"), "where runc takes the name as it is, too");
    ok(limited_in("four", "system.slice:docker:four"), "and where the engine is at the root");
    steplimit_remove(s, &build);
    steplimit_free(&s);
    s = systemd_limiter("a-b.slice", &build);
    ok(limited_in("five", "a.slice/a-b.slice/docker-five.scope"),
       "a slice of the operator's lies in those of its name");
    ok(limited_in("six", "system.slice/a-b.slice:docker:six"), "or is a part of the name, beside the engine");
    steplimit_remove(s, &build);
    steplimit_free(&s);
    trace_free(&trace);
}

/* An engine that somebody runs by hand, in a login's cgroup. */
static void test_engine_elsewhere(void)
{
    struct trace *trace = trace_new(&(struct trace_listener){.line = drop});
    struct steplimit_build build = {.trace = trace, .limits = {128 << 20, 64}};
    cleanup_free char *file = mem_format("%s/own", root), *beside = NULL, *none = NULL;
    struct steplimit_place where = {.root = root, .driver = "systemd", .data_root = place};
    struct steplimit *s = NULL;
    struct err e;

    put("own", "0::/user.slice/user-0.slice/session-1.scope\n");
    where.beside = beside = cgroup_above(file);
    is(beside, "user.slice/user-0.slice", "where an engine is, its cgroup tells");
    put("own", "0::/init.scope\n");
    none = cgroup_above(file);
    ok(!none, "one at the root is nowhere");
    put("own", "12:pids:/user.slice/user-0.slice\n0::/a/b\n");
    ok(!cgroup_above(file) && !cgroup_above("/nonexistent"), "nor has v1 such a place");
    tell(trace, "[2/3] RUN make", false);
    if (steplimit_new(&s, loop, &where, &e) < 0 || steplimit_add(s, &build, &e) < 0)
        abort();
    ok(limited_in("seven", "user.slice/user-0.slice/system.slice:docker:seven"), "its steps are beside it");
    ok(limited_in("eight", "system.slice/docker-eight.scope"), "or where systemd has them, as ever");
    steplimit_remove(s, &build);
    steplimit_free(&s);
    trace_free(&trace);
}

static void test_nowhere(void)
{
    struct steplimit_place where = {.root = root, .driver = "none", .data_root = place};
    struct steplimit *s = NULL;
    struct err e;

    is_number(steplimit_new(&s, loop, &where, &e), -1, "an engine without cgroups has no limits");
    where = (struct steplimit_place){.root = root, .driver = "cgroupfs", .data_root = "/nonexistent"};
    ok(steplimit_new(&s, loop, &where, &e) < 0 && e.code == ERR_ENGINE_NO_LIMITS && !s,
       "nor has one whose folder is not on this machine");
}

static void drop_line(void *arg, const char *line)
{
}

int main(void)
{
    cleanup_free char *remove = NULL;
    struct err e;

    log_sink(drop_line, NULL);
    snprintf(root, sizeof root, "/tmp/rb-test-steplimit-XXXXXX");
    if (!mkdtemp(root) || loop_new(&loop, &e) < 0)
        abort();
    snprintf(place, sizeof place, "%s/data", root);
    make("data/buildkit/executor");
    make("memory");
    make("pids");
    test_names();
    test_long_names();
    test_limits();
    test_unreadable();
    test_nowhere();
    test_second_version();
    test_engine_elsewhere();
    loop_free(&loop);
    remove = mem_format("rm -rf %s", root);
    ok(system(remove) == 0, "the folder is removed");
    return tap_end();
}
