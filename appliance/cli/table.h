/* Rows in aligned columns. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Two blanks stand between columns, none behind the last. Where a width is given, the widest columns that may be cut
 * are cut until the rows fit, to TABLE_LEAST characters and no further: then the lines are longer. Without a width
 * nothing is cut, so that programs get everything. A cell that is empty is shown as "-": every line has as many words
 * as there are columns, where no cell but the last has blanks in it.
 */
#define TABLE_LEAST 12

struct table_column {
    const char *title;
    bool right; /* numbers */
    bool cut;   /* may be cut */
};

struct table {
    const struct table_column *columns;
    size_t count; /* of columns */
    char **cells; /* row by row; what plain.h made */
    size_t filled, room;
};

/* The next cell, copied. */
void table_add(struct table *t, const char *cell);
/* With the titles above. `width`: columns of the terminal; 0: no limit. */
void table_print(const struct table *t, size_t width, FILE *to);
void table_free(struct table *t);

/* Columns of the terminal that stdout is; 0: it is none. */
size_t table_terminal_width(void);

#endif
