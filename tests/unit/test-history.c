/* What is over for long is forgotten, bit by bit, every hour. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "history.h"
#include "loop/loop.h"
#include "store/forget.h"
#include "store/rows.h"
#include "tap.h"

#define DAY_MS INT64_C(86400000)

static struct loop *loop;
static struct store *store;

static void stop(void *arg)
{
    loop_stop(loop);
}

static void run_ms(int64_t ms)
{
    struct err e;

    loop_timer_new(loop, ms, stop, NULL);
    if (loop_run(loop, &e) < 0)
        abort();
}

static void add(int count, int64_t ended)
{
    struct err e;

    for (int i = 0; i < count; i++)
        if (store_launch_put(store, &(struct store_launch){.id = id_new(), .created = ended, .ended = ended}, &e) < 0)
            abort();
}

static int left(void)
{
    struct err e;
    int went, count = 0;

    while ((went = store_forget(store, INT64_MAX, 1000, &e)) > 0)
        count += went;
    return count;
}

int main(void)
{
    char folder[] = "/tmp/ringbinder-test-XXXXXX";
    cleanup_free char *path = mkdtemp(folder) ? mem_format("%s/state", folder) : NULL;
    cleanup_free char *lock = mem_format("%s.lock", path);
    struct history *history;
    struct err e;

    if (loop_new(&loop, &e) < 0 || store_open(&store, path, &e) < 0)
        return 1;
    add(2 * HISTORY_AT_ONCE + 1, clock_utc_ms() - 31 * DAY_MS);
    add(7, clock_utc_ms() - 29 * DAY_MS);
    history = history_new(loop, store, 30 * DAY_MS);
    run_ms(5 * HISTORY_NEXT_MS);
    add(5, clock_utc_ms() - 31 * DAY_MS);
    run_ms(HISTORY_EVERY_MS / 2);
    is_number(left(), 7 + 5, "all that is too old goes, a part at a time, and then there is an hour of rest");
    add(5, clock_utc_ms() - 31 * DAY_MS);
    run_ms(HISTORY_EVERY_MS);
    is_number(left(), 0, "after which it begins again");
    history_free(&history);
    store_close(&store);
    loop_free(&loop);
    unlink(path);
    unlink(lock);
    rmdir(folder);
    return tap_end();
}
