/* Who the appliance is: made once, kept, and never guessed at. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "identity.h"
#include "tap.h"

static char folder[] = "/tmp/ringbinder-identity-XXXXXX";

static void write_file(const char *name, const char *text)
{
    cleanup_free char *path = mem_format("%s/%s", folder, name);
    cleanup_file FILE *file = fopen(path, "we");

    fputs(text, file);
}

static bool only_ours(const char *name)
{
    cleanup_free char *path = mem_format("%s/%s", folder, name);
    struct stat about;

    return stat(path, &about) == 0 && (about.st_mode & 0777) == 0600;
}

static void it_is_made_once(void)
{
    struct identity first, again;
    struct err e;

    ok(identity_load(&first, folder, &e) == 0, "an empty folder becomes somebody");
    is_number((long long)strspn(first.instance, "0123456789abcdef"), 8, "with 8 hex digits");
    ok(only_ours("instance") && only_ours("secret"), "in files that only we can read");
    ok(identity_load(&again, folder, &e) == 0, "at the next start");
    is(again.instance, first.instance, "it is the same");
    ok(memcmp(again.secret, first.secret, sizeof first.secret) == 0, "with the same secret");
}

static void another_folder_is_another(void)
{
    struct identity first, second;
    cleanup_free char *other = mem_format("%s/other", folder);
    struct err e;

    mkdir(other, 0700);
    ok(identity_load(&first, folder, &e) == 0 && identity_load(&second, other, &e) == 0, "two folders");
    ok(strcmp(first.instance, second.instance) != 0, "are two instances");
    ok(memcmp(first.secret, second.secret, sizeof first.secret) != 0, "with two secrets");
}

static void what_is_broken_is_said(void)
{
    struct identity me;
    struct err e;

    write_file("instance", "xyz\n");
    ok(identity_load(&me, folder, &e) < 0 && e.code == ERR_IDENTITY_BROKEN, "an instance that is none");
    write_file("instance", "");
    ok(identity_load(&me, folder, &e) < 0 && e.code == ERR_IDENTITY_BROKEN, "a file that a full disk left empty");
    write_file("instance", "0123abcd\n");
    write_file("secret", "0011\n");
    ok(identity_load(&me, folder, &e) < 0 && e.code == ERR_IDENTITY_BROKEN, "a secret that is too short");
    ok(identity_load(&me, "/nonexistent", &e) < 0 && e.code == ERR_SYSTEM, "a folder that is not there");
}

int main(void)
{
    cleanup_free char *remove = NULL;

    if (!mkdtemp(folder))
        return 1;
    it_is_made_once();
    another_folder_is_another();
    what_is_broken_is_said();
    remove = mem_format("rm -rf %s", folder);
    if (system(remove) != 0)
        printf("# %s is still there\n", folder);
    return tap_end();
}
