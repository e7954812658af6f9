/* Where the processes that fetch repositories may not connect to: one nftables table of this instance. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/egress.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/egress_rules.h"

#define TABLE "table inet ringbinder_"
#define INSTANCE 8              /* hex digits */
#define RESOLV_CONF_MAX 16384   /* bytes that are read of it */
#define LISTING_MAX (256 << 10) /* bytes of the names of all tables */

/* As git and curl read them (curl(1), "Environment"). */
static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

struct egress {
    int mark;
};

static void free_nft(struct nft_ctx **nft)
{
    if (*nft)
        nft_ctx_free(*nft);
}

/* What nftables says on its first line, without where in our text. */
static int refused(struct err *e, struct nft_ctx *nft, const char *doing)
{
    struct slice rest = slice_of(nft_ctx_get_error_buffer(nft)), line = slice_cut(&rest, '\n');

    return err_set(e, ERR_EGRESS_OFF, "%s: %.*s", doing, (int)line.len, line.at);
}

/* Runs commands of nft(8); *answer, where it is not NULL, gets what they print. */
static int run(struct buf *answer, const char *commands, const char *doing, struct err *e)
{
    CLEANUP(free_nft) struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

    if (!nft || nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
        return err_set(e, ERR_EGRESS_OFF, "%s: nftables has no memory", doing);
    if (nft_run_cmd_from_buffer(nft, commands) != 0)
        return refused(e, nft, doing);
    if (answer)
        buf_add_text(answer, nft_ctx_get_output_buffer(nft));
    return 0;
}

/* A name in the kernel's own space that is free again when we end however we end; it is of this network namespace, as
 * the tables are. Bound, nobody listens. */
static int take_mark(int *out, const char *instance)
{
    cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int len = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "ringbinder/egress/%s", instance);

    if (fd < 0 || bind(fd, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) < 0)
        return -1;
    *out = steal_fd(&fd);
    return 0;
}

/* One whose mark cannot be taken lives: who only pretends to (names are free for all) keeps a table from going. */
static bool lives(const char *instance)
{
    int mark = -1;
    bool taken = take_mark(&mark, instance) == 0;

    if (taken)
        close(mark);
    return !taken;
}

/* The tables of instances without a live daemon, which were not ended properly. Failing is no reason not to start. */
static void sweep(const char *own)
{
    cleanup_buf struct buf tables = BUF_OF(LISTING_MAX);
    struct err e = {0};
    struct slice rest;

    if (run(&tables, "list tables", "asking for the tables", &e) < 0)
        log_err(LOG_WARNING, &e, "nftables");
    rest = (struct slice){buf_text(&tables), tables.len};
    while (rest.len) {
        struct slice line = slice_trim(slice_cut(&rest, '\n'));
        char instance[INSTANCE + 1] = "";
        uint8_t bytes[INSTANCE / 2];

        if (!slice_starts(line, TABLE) || !str_unhex(bytes, sizeof bytes, slice_from(line, sizeof TABLE - 1)))
            continue;
        memcpy(instance, line.at + sizeof TABLE - 1, INSTANCE);
        if (str_is(instance, own) || lives(instance))
            continue;
        if (egress_remove(instance, &e) < 0)
            log_err(LOG_WARNING, &e, "nftables");
        else
            log_line(LOG_INFO, ERR_NONE, "the table of instance %s is removed: no daemon of it runs here", instance);
    }
}

static void add_resolvers(struct buf *rules)
{
    cleanup_file FILE *file = fopen("/etc/resolv.conf", "re");
    cleanup_free char *text = mem_zero(1, RESOLV_CONF_MAX);

    if (file && fread(text, 1, RESOLV_CONF_MAX - 1, file) == 0)
        text[0] = '\0';
    egress_rules_resolvers(rules, text);
}

static int gather(struct buf *rules, const struct egress_settings *s, struct err *e)
{
    for (const char *const *allow = s->allow; *allow; allow++)
        if (egress_rules_allow(rules, *allow, e) < 0)
            return -1;
    add_resolvers(rules);
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
        if (getenv(proxies[i]))
            egress_rules_proxy(rules, getenv(proxies[i]));
    return 0;
}

int egress_check(const char *const *allow, struct err *e)
{
    cleanup_buf struct buf rules = BUF_OF(EGRESS_RULES_MAX);

    for (; *allow; allow++)
        if (egress_rules_allow(&rules, *allow, e) < 0)
            return -1;
    return 0;
}

int egress_new(struct egress **out, const struct egress_settings *s, struct err *e)
{
    cleanup_buf struct buf rules = BUF_OF(EGRESS_RULES_MAX), table = BUF_OF(EGRESS_RULES_MAX + 4096);
    int mark = -1;

    if (gather(&rules, s, e) < 0)
        return -1;
    egress_rules_table(&table, s, buf_text(&rules));
    if (rules.full || table.full)
        return err_set(e, ERR_EGRESS_OFF, "there are too many exceptions for fetches");
    if (take_mark(&mark, s->instance) < 0)
        log_line(LOG_WARNING, ERR_EGRESS_OFF,
                 "another process holds the mark of instance %s: its table may stay behind", s->instance);
    if (run(NULL, buf_text(&table), "keeping fetches from private addresses", e) < 0) {
        cleanup_close_at(&mark);
        return -1;
    }
    sweep(s->instance);
    *out = mem_zero(1, sizeof **out);
    (*out)->mark = mark;
    return 0;
}

void egress_free(struct egress **egress)
{
    struct egress *gone = STEAL(*egress);

    if (!gone)
        return;
    cleanup_close_at(&gone->mark);
    free(gone);
}

int egress_remove(const char *instance, struct err *e)
{
    cleanup_buf struct buf commands = BUF_OF(256);

    buf_add_format(&commands, "add " TABLE "%s\ndelete " TABLE "%s\n", instance, instance);
    return run(NULL, buf_text(&commands), "removing a table", e);
}
