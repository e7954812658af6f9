/* How a launch comes to its session: admission, the line of those that start, attempts. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "../fake/launch_world.h"
#include "base/mem.h"
#include "base/str.h"
#include "launch/slots.h"
#include "tap.h"

#define SPAWN_FAILED(reason) LAUNCHING("Spawn failed: " reason "\\n")
#define AGAIN(n) LAUNCHING("Launch attempt " #n " failed, retrying...\\n")

static void attempts(void)
{
    world_new();
    for (int i = 0; i < 4; i++)
        err_set(&w.sessions.outcome[i], ERR_SESSION_DIED, "boom");
    launch("git", URL "/main", "text/event-stream");
    run();
    is(buf_text(&w.got),
       FOUND LAUNCHING("Launching server...\\n") STARTED SPAWN_FAILED("boom") AGAIN(1) STARTED SPAWN_FAILED("boom")
           AGAIN(2) STARTED SPAWN_FAILED("boom") AGAIN(3) STARTED SPAWN_FAILED(
               "boom") "data: {\"phase\":\"failed\",\"status_code\":500,\"message\":\"Spawn failed: boom\\n\"}\n\n",
       "contract 2.11: four attempts, then one `failed`");
    is_number(w.sessions.at[1] - w.sessions.at[0], 1000 + 4000, "the second after 4 s");
    is_number(w.sessions.at[2] - w.sessions.at[1], 1000 + 8000, "the third after 8 s");
    is_number(w.sessions.at[3] - w.sessions.at[2], 1000 + 16000, "the fourth after 16 s");
    ok(!id_equal(&w.sessions.asked[0], &w.sessions.asked[1]), "each is another session");
    world_end();
    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    launch("git", URL "/main", "text/event-stream");
    run();
    is(buf_text(&w.got),
       FOUND LAUNCHING("Launching server...\\n") STARTED SPAWN_FAILED("boom") AGAIN(1) STARTED ANSWERED,
       "a second attempt that answers ends as any other launch");
    world_end();
}

/* Whatever a start hangs in, its launch does not. */
static void an_attempt_without_an_end(void)
{
    world_new();
    w.sessions.ms = 1 << 30;
    launch("git", URL "/main", "text/event-stream");
    run_for(599000);
    ok(!strstr(buf_text(&w.got), "failed"), "a start has ten minutes");
    run_for(2000);
    ok(strstr(buf_text(&w.got), SPAWN_FAILED("Image " IMAGE " took too long to launch") AGAIN(1)) != NULL,
       "contract 2.11: then it took too long, and there is another attempt");
    is_number(w.sessions.cancelled, 1, "the first is over");
    world_end();
}

/* Each costs a container and a wait: what the image itself is at fault for is tried once; what an operator has ended,
 * too. */
static void attempts_that_cannot_help(void)
{
    static const enum err_code codes[] = {ERR_SESSION_NO_JUPYTER,   ERR_SESSION_UNREADABLE,   ERR_SESSION_PORT,
                                          ERR_SESSION_OTHER_SERVER, ERR_SESSION_START_MEMORY, ERR_SESSION_STOPPED};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        world_new();
        err_set(&w.sessions.outcome[0], codes[i], "boom");
        launch("git", URL "/main", "text/event-stream");
        run();
        is(buf_text(&w.got),
           FOUND LAUNCHING("Launching server...\\n") STARTED SPAWN_FAILED(
               "boom") "data: {\"phase\":\"failed\",\"status_code\":500,\"message\":\"Spawn failed: boom\\n\"}\n\n",
           "what cannot work is started once");
        ok(w.sessions.started == 1 && w.sessions.reserved == 0, "and no place is kept for it");
        world_end();
    }
}

/* ---- admission ---- */

#define FULL "data: {\"phase\":\"failed\",\"message\":\"Too many users on this BinderHub! Try again soon.\\n\"}\n\n"

static void full(void)
{
    world_new();
    w.sessions.full = true;
    launch("git", URL "/main", "text/event-stream");
    run();
    is(buf_text(&w.got), FOUND FULL, "contract 2.6: there is an image, and no room");
    ok(strstr(w.journal, "RB1650") && !w.sessions.started && !w.sessions.reserved, "nothing is begun");
    world_end();

    world_new();
    w.sessions.full = true;
    w.builds.image = (struct id){0};
    launch("git", URL "/main", "text/event-stream");
    run();
    is(buf_text(&w.got), FULL, "contract 2.6: nothing is built where there is no room for what comes after");
    is_number(w.builds.wanted, 0, "not even asked for");
    world_end();
}

static void becomes_full(void *arg)
{
    w.sessions.full = true;
}

static void full_meanwhile(void)
{
    world_new();
    w.builds.image = (struct id){0};
    w.builds.ms = 500;
    launch("git", URL "/" COMMIT, "text/event-stream");
    loop_timer_new(w.loop, 600, becomes_full, NULL);
    run();
    is(buf_text(&w.got), WAITING BUILT FULL, "contract 2.6: there was room before the build, and none after it");
    world_end();

    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_FULL, "a build was quicker");
    launch("git", URL "/main", "text/event-stream");
    run();
    is(buf_text(&w.got), FOUND LAUNCHING("Launching server...\\n") STARTED FULL,
       "what is refused at the last moment is not tried again");
    world_end();
}

static void a_kept_place(void)
{
    struct launch_reader *first;

    world_new();
    launch("git", URL "/" COMMIT, "text/event-stream");
    first = w.reader;
    run_for(50);
    is_number(w.sessions.reserved, 0, "a session that has begun counts itself");
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(50);
    is_number(w.sessions.reserved, 1, "for one that waits for its start a place is kept");
    run();
    is_number(w.sessions.reserved, 0, "until it starts");
    launch_reader_free(&first);
    world_end();
    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    launch("git", URL "/main", "text/event-stream");
    run_for(3000);
    is_number(w.sessions.reserved, 1, "and for one whose first attempt failed");
    run();
    is_number(w.sessions.reserved, 0, "until the next");
    world_end();
}

/* ---- the line ---- */

#define POSITION(n) LAUNCHING("Waiting for a start slot, position " #n "\\n")

static void starts_wait_in_line(void)
{
    struct launch_reader *first, *second;

    world_new();
    launch("git", URL "/" COMMIT, "text/event-stream");
    first = w.reader;
    run_for(50);
    ok(!strstr(buf_text(&w.got), "start slot"), "the first has a free slot");
    launch("git", URL "/" COMMIT, "text/event-stream");
    second = w.reader;
    run_for(100);
    buf_clear(&w.got);
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(100);
    is(buf_text(&w.got), FOUND LAUNCHING("Launching server...\\n") POSITION(2), "the third waits, and knows its place");
    is_number(w.sessions.started, 1, "one starts at a time");
    run();
    ok(str_starts(buf_text(&w.got), FOUND LAUNCHING("Launching server...\\n") POSITION(2) POSITION(1) STARTED),
       "and hears when it moves on");
    is_number(w.sessions.at[1] - w.sessions.at[0], 1000, "a slot is taken as soon as it is free");
    is_number(w.sessions.at[2] - w.sessions.at[1], 1000, "each time");
    launch_reader_free(&first);
    launch_reader_free(&second);
    world_end();
}

/* Two launches: the first one's start fails while the second, whose reader is w.reader, has the slot. */
static struct launch_reader *one_fails_as_another_starts(void)
{
    struct launch_reader *first;

    world_new();
    w.sessions.ms = 5000;
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    launch("git", URL "/" COMMIT, "text/event-stream");
    first = w.reader;
    run_for(50);
    launch("git", URL "/" COMMIT, "text/event-stream");
    return first;
}

/* A slot is for whoever starts, for the first time or again. */
static void another_attempt_waits_in_line(void)
{
    struct launch_reader *first;

    first = one_fails_as_another_starts();
    launch_reader_free(&w.reader);
    w.reader = first;
    run_for(9500);
    ok(strstr(buf_text(&w.got), AGAIN(1) POSITION(1)) && w.sessions.started == 2,
       "who starts again waits, too, while another one starts");
    run();
    is_number(w.sessions.at[2] - w.sessions.at[1], 5000, "until that one is ready");
    world_end();

    first = one_fails_as_another_starts();
    run_for(9500);
    launch_reader_free(&first);
    world_end();
    is_number(w.cancelled, 0, "a daemon that ends meanwhile ends nobody's session");
}

static void another_attempt_for_nobody(void)
{
    struct launch_reader *first;

    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    launch("git", URL "/" COMMIT, "text/event-stream");
    first = w.reader;
    run_for(50);
    w.sessions.ms = 60000;
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(5000);
    launch_reader_free(&first);
    run_for(200000);
    ok(w.sessions.started == 2 && strstr(w.journal, "RB1517"), "who has gone while he waited gets no other attempt");
    is_number(w.sessions.reserved, 0, "and keeps no place");
    world_end();
}

/* Waiting for a slot is no part of an attempt. */
static void another_attempt_after_a_long_wait(void)
{
    struct launch_reader *first, *readers[3];

    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    launch("git", URL "/" COMMIT, "text/event-stream");
    first = w.reader;
    run_for(50);
    w.sessions.ms = 590000;
    launch("git", URL "/" COMMIT, "text/event-stream");
    launch_reader_free(&w.reader);
    w.reader = first;
    run_for(30000);
    w.sessions.ms = 100000;
    run_for(700000);
    ok(strstr(buf_text(&w.got), AGAIN(1) POSITION(1) STARTED) && strstr(buf_text(&w.got), "Server ready at"),
       "who waited ten minutes in line has as long for his start as anybody");
    world_end();

    world_new();
    err_set(&w.sessions.outcome[0], ERR_SESSION_DIED, "boom");
    for (size_t i = 0; i < 3; i++) {
        launch("git", URL "/" COMMIT, "text/event-stream");
        readers[i] = w.reader;
        run_for(50);
        w.sessions.ms = 1 << 30;
    }
    w.reader = readers[0];
    buf_clear(&w.got);
    run_for(604000);
    ok(!strstr(buf_text(&w.got), "failed\",\"status_code"), "(he waits)");
    run_for(5000);
    ok(strstr(buf_text(&w.got), "Spawn failed: No start slot became free within 10 minutes") != NULL,
       "who waits longer hears that, and not that his image is slow");
    launch_reader_free(&readers[1]);
    launch_reader_free(&readers[2]);
    world_end();
}

/* Whose turn does not come holds nothing when he goes. */
static void a_turn_that_does_not_come(void)
{
    struct launch_reader *first[7];

    world_new();
    w.sessions.ms = 1 << 30; /* each start goes on until its limit of ten minutes, and then stands in line again */
    for (size_t i = 0; i < 7; i++) {
        launch("git", URL "/" COMMIT, "text/event-stream");
        first[i] = w.reader;
    }
    buf_clear(&w.got);
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(3590000);
    /* With him the fifth, for another attempt, and the seventh; those before have waited too long for theirs. */
    is_number(w.sessions.reserved, 3, "who stands in line has a place in memory");
    run_for(20000);
    ok(strstr(buf_text(&w.got), "\"message\":\"No start slot became free within 60 minutes") != NULL,
       "until his time is over, and a sentence says so");
    ok(strstr(w.journal, "RB1705") != NULL, "with its code");
    is_number(w.sessions.reserved, 1, "his place is given back"); /* the sixth's is left */
    for (size_t i = 0; i < 7; i++)
        launch_reader_free(&first[i]);
    world_end();
}

static void a_silent_engine(void)
{
    world_new();
    w.builds.ms = 1 << 30;
    launch("git", URL "/" COMMIT, "text/event-stream");
    run_for(61000);
    is(buf_text(&w.got),
       "data: {\"phase\":\"failed\",\"status_code\":504,\"message\":\"The container engine did not say within 60 s "
       "whether this commit has an image\\n\"}\n\n",
       "an engine that does not say what it has ends a launch with a sentence");
    world_end();
}

#define LINE_LENGTH 1000

static struct {
    struct op *op;
    int told, last, served;
} waiting[LINE_LENGTH];

static void told_place(void *arg, int place)
{
    int n = (int)(intptr_t)arg;

    waiting[n].told++;
    waiting[n].last = place;
}

static void served(void *arg, const struct err *e)
{
    int n = (int)(intptr_t)arg;

    waiting[n].op = NULL;
    waiting[n].served++;
}

static void turn(struct loop *loop)
{
    struct err e;

    if (loop_run(loop, &e) < 0)
        exit(1);
}

static void a_long_line(void)
{
    struct loop *loop;
    struct slots slots;
    struct err e;
    int most = 0;

    if (loop_new(&loop, &e) < 0)
        exit(1);
    slots_init(&slots, loop, 1);
    for (int n = 0; n < LINE_LENGTH; n++)
        waiting[n].op = slots_wait(&slots, &(struct slots_place){told_place, (void *)(intptr_t)n},
                                   (struct done){served, (void *)(intptr_t)n});
    turn(loop);
    ok(waiting[0].served == 1 && waiting[0].told == 0 && waiting[1].served == 0, "one slot serves one");
    ok(waiting[1].last == 1 && waiting[LINE_LENGTH - 1].last == LINE_LENGTH - 1, "the others stand in their order");
    op_cancel(&waiting[1].op);
    is_number(waiting[2].last, 1, "who goes lets the next ones move up");
    for (int n = 2; n < LINE_LENGTH; n++) {
        slots_give(&slots);
        turn(loop);
        if (!waiting[n].served)
            break;
        most = waiting[n].told > most ? waiting[n].told : most;
    }
    is_number(waiting[LINE_LENGTH - 1].served, 1, "to the last one");
    ok(most >= 10 && most <= 16, "who was told of his place %d times, not of each step", most);
    slots_give(&slots);
    is_number(slots.taken, 0, "no slot is lost");
    loop_free(&loop);
}

int main(void)
{
    if (!world_folder())
        return 1;
    attempts();
    an_attempt_without_an_end();
    attempts_that_cannot_help();
    full();
    full_meanwhile();
    a_kept_place();
    starts_wait_in_line();
    another_attempt_waits_in_line();
    another_attempt_for_nobody();
    another_attempt_after_a_long_wait();
    a_turn_that_does_not_come();
    a_silent_engine();
    a_long_line();
    world_folder_end();
    return tap_end();
}
