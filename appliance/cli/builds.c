/* ringbinder builds: what is being built, what waits, and how the last ones ended. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/figure.h"
#include "cli/list.h"

static void id(const json_t *row, struct buf *out)
{
    list_cell_id(out, row, "id");
}

static void state(const json_t *row, struct buf *out)
{
    list_cell(out, row, "state");
}

static void place(const json_t *row, struct buf *out)
{
    int64_t number = list_number(row, "place");

    if (number > 0)
        buf_add_format(out, "%" PRId64, number);
}

/* From its start to its end, or to now; one that waits has begun with waiting. */
static void took(const json_t *row, struct buf *out)
{
    int64_t from = list_number(row, "started_ms"), to = list_number(row, "ended_ms");

    if (from < 0)
        from = list_number(row, "created_ms");
    if (to < 0)
        to = clock_utc_ms();
    figure_span(out, to > from ? to - from : 0);
}

static void ended(const json_t *row, struct buf *out)
{
    list_cell_ago(out, row, "ended_ms");
}

static void code(const json_t *row, struct buf *out)
{
    list_cell(out, row, "code");
}

static void repository(const json_t *row, struct buf *out)
{
    list_cell(out, row, "repository");
}

static void ref(const json_t *row, struct buf *out)
{
    list_cell(out, row, "ref");
}

static void why(const json_t *row, struct buf *out)
{
    list_cell(out, row, "text");
}

int cli_builds(int argc, char **argv)
{
    static const struct list_column columns[] = {
        {{"BUILD"}, id},
        {{"STATE"}, state},
        {{"PLACE", true}, place},
        {{"TOOK", true}, took},
        {{"ENDED", true}, ended},
        {{"CODE"}, code},
        {{"REPOSITORY", false, true}, repository},
        {{"REF", false, true}, ref},
        {{"WHY", false, true}, why},
        {{0}, NULL},
    };
    static const struct list_kind kind = {"builds", "/api/builds", "builds", "id", columns};

    return list_run(argc, argv,
                    "Lists the builds: those that run, those that wait with their place in the queue, and the last "
                    "ones that ended, how long ago, how long they took and why they failed."
                    "\vExamples:\n"
                    "  ringbinder builds --limit 20\n"
                    "  ringbinder logs 3f2a91c04e7d        the log of the build whose id begins so",
                    &kind);
}
