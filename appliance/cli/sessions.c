/* ringbinder sessions: who is working here. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/cli.h"
#include "cli/figure.h"
#include "cli/list.h"

static void name(const json_t *row, struct buf *out)
{
    list_cell(out, row, "name");
}

static void state(const json_t *row, struct buf *out)
{
    list_cell(out, row, "state");
}

static void age(const json_t *row, struct buf *out)
{
    figure_span(out, list_number(row, "age_ms"));
}

static void idle(const json_t *row, struct buf *out)
{
    figure_span(out, list_number(row, "idle_ms"));
}

static void memory(const json_t *row, struct buf *out)
{
    figure_size(out, list_number(row, "memory_bytes"));
}

static void memory_limit(const json_t *row, struct buf *out)
{
    figure_size(out, list_number(row, "memory_limit_bytes"));
}

static void repository(const json_t *row, struct buf *out)
{
    list_cell(out, row, "repository");
}

int cli_sessions(int argc, char **argv)
{
    static const struct list_column columns[] = {
        {{"SESSION", false, true}, name},
        {{"STATE"}, state},
        {{"AGE", true}, age},
        {{"IDLE", true}, idle},
        {{"MEMORY", true}, memory},
        {{"LIMIT", true}, memory_limit},
        {{"REPOSITORY", false, true}, repository},
        {{0}, NULL},
    };
    static const struct list_kind kind = {"sessions", "/api/sessions", "sessions", "name", columns};

    return list_run(argc, argv,
                    "Lists the sessions: what they serve, since when, how long nobody has worked in them, and the "
                    "memory that they use now (file cache included) and may use."
                    "\vExamples:\n"
                    "  ringbinder sessions\n"
                    "  ringbinder sessions --json | jq '.sessions[] | select(.idle_ms > 300000) | .name'",
                    &kind);
}
