/* Runs a fuzzer's function over its corpus, where there is no libFuzzer; a TAP program. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "../unit/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define INPUT_MAX (1 << 20)

static void replay_file(const char *folder, const char *name)
{
    cleanup_free char *path = mem_format("%s/%s", folder, name);
    cleanup_free uint8_t *bytes = mem_zero(INPUT_MAX, 1);
    cleanup_file FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, INPUT_MAX, file) : 0;
    /* An exact copy, so that AddressSanitizer sees a read past the end. */
    cleanup_free uint8_t *exact = mem_zero(len, 1);

    memcpy(exact, bytes, len);
    LLVMFuzzerTestOneInput(exact, len);
    ok(file != NULL, "%s", name);
}

int main(int argc, char **argv)
{
    const char *what = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    const char *source = getenv("SRCDIR");
    cleanup_free char *folder = NULL;
    cleanup_dir DIR *dir = NULL;

    if (strncmp(what, "lt-", 3) == 0)
        what += 3;
    folder = mem_format("%s/tests/fuzz/corpus/%s", source ? source : ".", what + strlen("fuzz-"));
    dir = opendir(folder);
    if (!ok(dir != NULL, "%s has a corpus", what))
        return tap_end();
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            replay_file(folder, entry->d_name);
    return tap_end();
}
