/* ringbinder-fetch: one repository, from its server to a plan and tars; one process, one connection. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "fetch/explain.h"
#include "fetch/serve.h"

static int serve_daemon(void)
{
    CLEANUP(conn_close) struct conn conn;
    struct err e;

    if (conn_open(&conn, STDIN_FILENO, &e) < 0) {
        log_err(LOG_ERR, &e, "ringbinder-fetch");
        return 1;
    }
    serve(&conn);
    return 0;
}

int main(int argc, char **argv)
{
    /* libarchive writes names of UTF-8 as such only where the locale's are. */
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc > 1 && str_is(argv[1], "explain"))
        return explain(argc - 1, argv + 1);
    if (argc == 1)
        return serve_daemon();
    fprintf(stderr, "usage: ringbinder-fetch                               the daemon's, on a connection\n"
                    "       ringbinder-fetch explain URL|FOLDER [--json] [REF]\n");
    return 1;
}
