/* ringbinder images: what has been built and is kept. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/cli.h"
#include "cli/figure.h"
#include "cli/list.h"

static void lane(const json_t *row, struct buf *out)
{
    list_cell(out, row, "lane");
}

static void kind_of(const json_t *row, struct buf *out)
{
    list_cell(out, row, "kind");
}

static void size(const json_t *row, struct buf *out)
{
    figure_size(out, list_number(row, "size_bytes"));
}

static void used(const json_t *row, struct buf *out)
{
    list_cell_ago(out, row, "used_ms");
}

static void made(const json_t *row, struct buf *out)
{
    list_cell_ago(out, row, "created_ms");
}

static void name(const json_t *row, struct buf *out)
{
    list_cell(out, row, "name");
}

int cli_images(int argc, char **argv)
{
    static const struct list_column columns[] = {
        {{"LANE"}, lane},
        {{"KIND"}, kind_of},
        {{"SIZE", true}, size},
        {{"USED", true}, used},
        {{"MADE", true}, made},
        {{"IMAGE", false, true}, name},
        {{0}, NULL},
    };
    static const struct list_kind kind = {"images", "/api/images", "images", "name", columns};

    return list_run(argc, argv,
                    "Lists the images of this appliance, the last launched first: the lane that built them, their "
                    "size with all layers (which images share), how long ago they were launched last, and made. A "
                    "size of - is an image that the engine does not have any more."
                    "\vExample:\n"
                    "  ringbinder images --json | jq '[.images[].size_bytes] | add'",
                    &kind);
}
