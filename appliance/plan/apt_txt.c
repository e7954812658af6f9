/* apt.txt: Debian packages, by a grammar that lets nothing else through. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/apt_txt.h"

#include "base/mem.h"
#include "plan/files.h"

#define PACKAGES_MAX 2000 /* more would not fit a command line, and nobody has them */
#define SHOWN 60

static const char name_first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char name_rest[] = "abcdefghijklmnopqrstuvwxyz0123456789.+-";
static const char version_first[] = "0123456789";
static const char version_rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-:~";

/* All of `text` is of `rest`, and its first character of `first`. */
static bool consists(struct slice text, const char *first, const char *rest)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr(i ? rest : first, text.at[i]))
            return false;
    return text.len > 0;
}

/* A name that ends with '-' would ask apt to remove the package. */
static bool is_package(struct slice word)
{
    struct slice version = word, name = slice_cut(&version, '=');

    if (!consists(name, name_first, name_rest) || name.at[name.len - 1] == '-')
        return false;
    return name.len == word.len || consists(version, version_first, version_rest);
}

static int compare(const void *a, const void *b)
{
    const struct slice *left = a, *right = b;
    size_t len = left->len < right->len ? left->len : right->len;
    int order = memcmp(left->at, right->at, len);

    return order ? order : (left->len > right->len) - (left->len < right->len);
}

int apt_txt_read(struct buf *words, size_t *n, const char *path, struct slice text, struct err *e)
{
    cleanup_free struct slice *found = mem_zero(PACKAGES_MAX, sizeof *found);
    struct files_lines lines = {text, 0};
    struct slice line;
    size_t n_found = 0;

    while (files_line(&line, &lines)) {
        struct slice word = files_strip(slice_cut(&line, '#'));

        if (!word.len)
            continue;
        if (!is_package(word))
            return err_set(e, ERR_PLAN_FILE,
                           "%s:%zu: Found invalid package name \"%.*s\" in apt.txt. A line is one package, as in "
                           "\"gfortran\" or \"gfortran=4:14.2.0-1\".",
                           path, lines.number, word.len < SHOWN ? (int)word.len : SHOWN, word.at);
        if (n_found == PACKAGES_MAX)
            return err_set(e, ERR_PLAN_FILE, "%s:%zu: apt.txt names more than %d packages.", path, lines.number,
                           PACKAGES_MAX);
        found[n_found++] = word;
    }
    qsort(found, n_found, sizeof *found, compare);
    *n = 0;
    for (size_t i = 0; i < n_found; i++) {
        if (i && compare(&found[i - 1], &found[i]) == 0)
            continue;
        buf_add_char(words, ' ');
        buf_add(words, found[i].at, found[i].len);
        ++*n;
    }
    return words->full ? err_set(e, ERR_TOO_LARGE, "%s names too much to install.", path) : 0;
}
