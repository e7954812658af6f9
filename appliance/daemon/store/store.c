/* The state on disk: opening it and transactions. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/table.h"

/* In this order: WAL before synchronous; nothing a schema says is trusted. The cache has KiB: what is asked for again
 * is in the newest pages. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = NORMAL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA journal_size_limit = 4194304;"
                               "PRAGMA cache_size = -512;";
#define BUSY_MS 5000 /* somebody looks at the state with sqlite3(1) */

/* Who wrote the lock file: digits and a newline. */
static void lock_owner(int fd, char *out, size_t room)
{
    ssize_t len = pread(fd, out, room - 1, 0);

    out[len > 0 ? len : 0] = '\0';
    out[strspn(out, "0123456789")] = '\0';
    if (!out[0])
        str_copy(out, room, "(unknown)");
}

/* flock() ends with its process however that ends, so that a lock is never stale. */
static int take_lock(struct store *s, const char *path, struct err *e)
{
    cleanup_free char *name = mem_format("%s.lock", path);
    char owner[16];

    s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return err_set_errno(e, ERR_STORE_FAILED, "opening %s", name);
    if (flock(s->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        lock_owner(s->lock, owner, sizeof owner);
        return err_set(e, ERR_STORE_LOCKED, "%s belongs to the daemon that runs as process %s", path, owner);
    }
    snprintf(owner, sizeof owner, "%d\n", (int)getpid());
    if (ftruncate(s->lock, 0) < 0 || pwrite(s->lock, owner, strlen(owner), 0) < 0)
        return err_set_errno(e, ERR_STORE_FAILED, "writing %s", name);
    return 0;
}

/* SQLite would make the file readable for everybody. */
static int make_file(const char *path, struct err *e)
{
    cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd < 0 ? err_set_errno(e, ERR_STORE_FAILED, "opening %s", path) : 0;
}

static int open_database(struct store *s, const char *path, struct err *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    if (make_file(path, e) < 0)
        return -1;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        return store_failed(s, path, e);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (store_exec(s, settings, e) < 0)
        return err_wrap(e, "%s", path);
    if (store_migrate(s, e) < 0)
        return err_wrap(e, "%s", path);
    return 0;
}

/* Which boot the monotonic times of events belong to (decisions 12). */
static void read_boot(struct store *s)
{
    cleanup_file FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (!file || !fgets(s->boot, sizeof s->boot, file))
        s->boot[0] = '\0';
    s->boot[strcspn(s->boot, "\n")] = '\0';
}

int store_open(struct store **out, const char *path, struct err *e)
{
    struct store *s = mem_zero(1, sizeof *s);

    s->lock = -1;
    read_boot(s);
    if (take_lock(s, path, e) < 0 || open_database(s, path, e) < 0) {
        store_close(&s);
        return -1;
    }
    *out = s;
    return 0;
}

void store_close(struct store **s)
{
    if (!*s)
        return;
    store_rollback(*s);
    for (size_t i = 0; i < (*s)->kept; i++)
        sqlite3_finalize((*s)->statements[i].statement);
    if ((*s)->db)
        sqlite3_exec((*s)->db, "PRAGMA optimize", NULL, NULL, NULL);
    sqlite3_close((*s)->db);
    if ((*s)->lock >= 0)
        close((*s)->lock);
    free(*s);
    *s = NULL;
}

int store_begin(struct store *s, struct err *e)
{
    return store_exec(s, "BEGIN IMMEDIATE", e);
}

int store_commit(struct store *s, struct err *e)
{
    if (store_exec(s, "COMMIT", e) == 0) {
        store_judge(s, true);
        return 0;
    }
    store_rollback(s);
    return -1;
}

void store_judge(struct store *s, bool well)
{
    if (well && s->failing)
        log_line(LOG_NOTICE, ERR_NONE, "the state can be written again");
    s->failing = !well;
    s->judged = clock_ms();
}

/* Setting the version that it has writes a page all the same. */
static int write_nothing(struct store *s, struct err *e)
{
    cleanup_rollback struct store *open = s;

    if (store_begin(s, e) < 0 || store_write_version(s, e) < 0)
        return -1;
    return store_commit(s, e);
}

bool store_usable(struct store *s)
{
    bool failing = s->failing;
    struct err e;

    if (clock_ms() - s->judged >= STORE_TRY_MS && write_nothing(s, &e) < 0) {
        store_judge(s, false);
        if (!failing)
            log_err(LOG_ERR, &e, "nothing new can be started");
    }
    return !s->failing;
}

void store_rollback(struct store *s)
{
    if (s->db && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}
