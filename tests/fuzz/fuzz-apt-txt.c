/* Any bytes as apt.txt: what comes out is names that neither a shell nor apt could misread. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/apt_txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

#define WORDS_MAX 100000

/* One word: a name, perhaps "=" and a version. */
static void check(const char *word, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    demand(len && strchr(letters, word[0]) && word[len - 1] != '=');
    for (size_t i = 0; i < len; i++)
        demand(word[i] && (strchr(letters, word[i]) || strchr(".+-=:~ABCDEFGHIJKLMNOPQRSTUVWXYZ", word[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    cleanup_buf struct buf words = BUF_OF(WORDS_MAX);
    struct slice rest;
    size_t n = 0, seen = 0;
    struct err e;

    if (apt_txt_read(&words, &n, "apt.txt", (struct slice){(const char *)bytes, len}, &e) < 0) {
        demand(strstr(e.text, "apt.txt") != NULL);
        return 0;
    }
    rest = (struct slice){buf_text(&words), words.len};
    for (; rest.len; seen++) {
        struct slice word;

        demand(slice_cut(&rest, ' ').len == 0);
        word = (struct slice){rest.at, 0};
        while (word.len < rest.len && rest.at[word.len] != ' ')
            word.len++;
        check(word.at, word.len);
        rest = slice_from(rest, word.len);
    }
    demand(seen == n);
    return 0;
}
