/* The loop and its children: timers, descriptors, signals, processes; in real time. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/child.h"
#include "tap.h"

static struct loop *loop;
static struct buf told;

static void run(void)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        abort();
}

/* Each test has a loop of its own, so that nothing is left over from another. */
static void begin(void)
{
    struct err e;

    buf_clear(&told);
    if (loop_new(&loop, &e) < 0)
        abort();
}

static void stop(void *arg)
{
    loop_stop(loop);
}

static void append(void *arg)
{
    buf_add_text(&told, arg);
}

static void test_timers(void)
{
    struct loop_timer *dropped;
    int64_t before;

    begin();
    before = loop_now(loop);
    loop_timer_new(loop, 30, stop, NULL);
    loop_timer_new(loop, 20, append, "twenty ");
    dropped = loop_timer_new(loop, 5, append, "dropped ");
    loop_timer_new(loop, 0, append, "now ");
    loop_timer_cancel(&dropped);
    run();
    is(buf_text(&told), "now twenty ", "timers come by time; a cancelled one does not");
    ok(loop_now(loop) - before >= 30 && loop_now(loop) - before < 1000, "and when they are due");
    loop_free(&loop);
}

struct reader {
    struct loop_fd *watched;
    int fd;
};

static void readable(void *arg, unsigned events)
{
    struct reader *reader = arg;
    char bytes[16];
    ssize_t got = events & LOOP_READ ? read(reader->fd, bytes, sizeof bytes) : 0;

    if (got > 0) {
        buf_add(&told, bytes, (size_t)got);
        return;
    }
    buf_add_text(&told, events & LOOP_HANGUP ? " hangup" : " end");
    loop_fd_remove(&reader->watched);
    loop_stop(loop);
}

static void test_descriptors(void)
{
    struct reader reader;
    int ends[2];

    begin();
    if (pipe(ends) < 0)
        abort();
    reader.fd = ends[0];
    reader.watched = loop_fd_new(loop, ends[0], LOOP_READ, readable, &reader);
    ok(write(ends[1], "bytes", 5) == 5, "a pipe takes bytes");
    close(ends[1]);
    run();
    is(buf_text(&told), "bytes hangup", "a descriptor is told of bytes and of its end, and may remove itself");
    close(ends[0]);
    loop_free(&loop);
}

static void signal_came(void *arg)
{
    buf_add_text(&told, "signal");
    loop_stop(loop);
}

static void test_signals(void)
{
    struct loop_signal *watched;

    begin();
    watched = loop_signal_new(loop, SIGUSR1, signal_came, NULL);
    kill(getpid(), SIGUSR1);
    run();
    is(buf_text(&told), "signal", "a signal is an event of the loop");
    loop_signal_remove(&watched);
    loop_free(&loop);
}

static void child_done(void *arg, const struct err *e)
{
    buf_add_format(&told, "%s", e ? e->text : "well");
    *(enum err_code *)arg = e ? e->code : ERR_NONE;
    loop_stop(loop);
}

static struct child_result result;

/* Runs a line of shell; the code it ended with. */
static enum err_code shell(const char *line, const char *input, int limit_ms)
{
    static const char *const environment[] = {"GREETING=hello", NULL};
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct child_spec spec = {argv, environment, input, limit_ms};
    enum err_code code = ERR_INTERNAL;

    begin();
    buf_free(&result.output);
    buf_free(&result.complaints);
    result = (struct child_result){.output = BUF_OF(1000), .complaints = BUF_OF(1000)};
    child_run(loop, &spec, &result, (struct done){child_done, &code});
    if (told.len)
        abort(); /* called from inside */
    run();
    loop_free(&loop);
    return code;
}

static void test_children(void)
{
    is_number(shell("cat; echo $GREETING; echo oh >&2; exit 7", "input ", 5000), ERR_NONE, "a child runs");
    is(buf_text(&result.output), "input hello\n", "its input, environment and output are handed through");
    is(buf_text(&result.complaints), "oh\n", "what it complains of is apart");
    is_number(result.exit_code, 7, "its exit code is told");
    shell("kill -9 $$", NULL, 5000);
    is_number(result.exit_code, 137, "a signal counts as 128 and its number");
    shell("head -c 300000 /dev/zero | tr '\\0' x; echo end >&2", NULL, 5000);
    ok(result.output.len == 1000 && strcmp(buf_text(&result.complaints), "end\n") == 0,
       "output over its limit is dropped, and the child goes on");
    shell("cat", NULL, 5000);
    is(buf_text(&result.output), "", "a child without input has none");
    /* Others may be ignored: who starts the tests in the background has SIGINT ignored. Bit 12 is SIGPIPE's. */
    shell("grep -c SigBlk:.0000000000000000 /proc/self/status;"
          "echo $(( 0x$(grep SigIgn /proc/self/status | tail -c 17) & 0x1000 ))",
          NULL, 5000);
    is(buf_text(&result.output), "1\n0\n", "no signal is blocked in it, nor SIGPIPE ignored as here");
    is_number(shell("sleep 60 & echo left", NULL, 5000), ERR_NONE, "what it leaves running is not waited for");
    is_number(shell("sleep 60", NULL, 50), ERR_DEADLINE, "a child is held to its limit");
}

static void test_no_child(void)
{
    const char *const argv[] = {"/nonexistent/program", NULL};
    struct child_spec spec = {argv, NULL, NULL, 1000};
    enum err_code code = ERR_NONE;

    begin();
    child_run(loop, &spec, &result, (struct done){child_done, &code});
    ok(told.len == 0, "a child that cannot start is not told of from inside the call");
    run();
    is_number(code, ERR_SYSTEM, "but afterwards");
    is(buf_text(&told), "starting /nonexistent/program: No such file or directory", "with the reason");
    loop_free(&loop);
}

static void test_cancelled_child(void)
{
    const char *const argv[] = {"/bin/sh", "-c", "sleep 60", NULL};
    struct child_spec spec = {argv, NULL, NULL, 50};
    enum err_code code = ERR_NONE;
    struct op *op;

    begin();
    op = child_run(loop, &spec, &result, (struct done){child_done, &code});
    op_cancel(&op);
    loop_timer_new(loop, 200, stop, NULL);
    run();
    is(buf_text(&told), "", "after op_cancel nobody is called");
    ok(waitpid(-1, NULL, WNOHANG) < 0, "and no process is left");
    loop_free(&loop);
}

int main(void)
{
    told = BUF_OF(4096);
    test_timers();
    test_descriptors();
    test_signals();
    test_children();
    test_no_child();
    test_cancelled_child();
    buf_free(&result.output);
    buf_free(&result.complaints);
    buf_free(&told);
    return tap_end();
}
