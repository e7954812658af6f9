/* Rows in aligned columns. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/table.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/plain.h"

#define BETWEEN 2
#define USUAL_WIDTH 80

void table_add(struct table *t, const char *cell)
{
    if (t->filled == t->room) {
        t->room = t->room ? t->room * 2 : 64;
        t->cells = mem_resize(t->cells, t->room, sizeof *t->cells);
    }
    t->cells[t->filled++] = mem_string(*cell ? cell : "-");
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->filled; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (struct table){0};
}

static void measure(const struct table *t, size_t *widths)
{
    for (size_t i = 0; i < t->count; i++)
        widths[i] = strlen(t->columns[i].title);
    for (size_t i = 0; i < t->filled; i++) {
        size_t width = plain_width(t->cells[i]);

        if (width > widths[i % t->count])
            widths[i % t->count] = width;
    }
}

/* Takes what is too much from the widest columns. */
static void narrow(const struct table *t, size_t *widths, size_t width)
{
    size_t whole = BETWEEN * (t->count - 1);

    for (size_t i = 0; i < t->count; i++)
        whole += widths[i];
    for (; whole > width; whole--) {
        size_t *widest = NULL;

        for (size_t i = 0; i < t->count; i++)
            if (t->columns[i].cut && widths[i] > TABLE_LEAST && (!widest || widths[i] > *widest))
                widest = &widths[i];
        if (!widest)
            return;
        --*widest;
    }
}

static void print_cell(const struct table *t, size_t column, const char *cell, size_t width, FILE *to)
{
    cleanup_free char *cut = t->columns[column].cut ? plain_cut(cell, width) : mem_string(cell);
    size_t has = plain_width(cut);
    int blanks = has < width ? (int)(width - has) : 0;
    bool last = column == t->count - 1;

    if (t->columns[column].right)
        fprintf(to, "%*s%s", blanks, "", cut);
    else
        fprintf(to, "%s%*s", cut, last ? 0 : blanks, "");
    fprintf(to, last ? "\n" : "%*s", BETWEEN, "");
}

void table_print(const struct table *t, size_t width, FILE *to)
{
    cleanup_free size_t *widths = mem_zero(t->count, sizeof *widths);

    measure(t, widths);
    if (width)
        narrow(t, widths, width);
    for (size_t i = 0; i < t->count; i++)
        print_cell(t, i, t->columns[i].title, widths[i], to);
    for (size_t i = 0; i < t->filled; i++)
        print_cell(t, i % t->count, t->cells[i], widths[i % t->count], to);
}

size_t table_terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : USUAL_WIDTH;
}
