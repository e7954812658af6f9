/* ringbinder-gateway: the network front. It opens no file: its listening sockets are handed to it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "base/log.h"
#include "base/mem.h"
#include "gateway/gateway.h"

#define OWN_FILES 64 /* descriptors that are neither a client's nor a server's */

static const char usage[] =
    "usage: ringbinder-gateway --control PATH --portal PATH\n"
    "The network front of Ringbinder. It gets its listening sockets, named portal, sessions and door, from who\n"
    "starts it (sd_listen_fds(3)), its routes over the socket --control, and relays the portal to the socket\n"
    "--portal.\n";

struct options {
    const char *control, *portal;
};

static void read_options(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {
        {"control", required_argument, NULL, 'c'},
        {"portal", required_argument, NULL, 'p'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            o->control = optarg;
            break;
        case 'p':
            o->portal = optarg;
            break;
        case 'V':
            puts("ringbinder-gateway " RINGBINDER_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (!o->control || !o->portal || optind != argc) {
        fputs(usage, stderr);
        exit(2);
    }
}

static void tick(void *arg)
{
    struct gateway *g = arg;

    control_tick(&g->control);
    park_tick(g);
    clients_tick(g);
    listeners_resume(&g->listeners);
}

/* A client in the middle of a request has two descriptors. */
static size_t clients_at_most(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 0;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur > 2 * OWN_FILES ? (files.rlim_cur - OWN_FILES) / 2 : OWN_FILES / 2;
}

static struct poll *stopping;

static void stop_ready(struct poll_source *source, uint32_t events)
{
    stopping->stopped = true;
}

static int stop_by_signal(struct poll *p, struct poll_source *s, struct err *e)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *s = (struct poll_source){signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), stop_ready};
    if (s->fd < 0)
        return err_set_errno(e, ERR_SYSTEM, "signalfd");
    stopping = p;
    return poll_watch(p, s, false, e);
}

static int run(struct gateway *g, const struct options *o, struct err *e)
{
    struct poll_source stop;

    if (poll_open(&g->poll, e) < 0 || stop_by_signal(&g->poll, &stop, e) < 0)
        return -1;
    g->poll.tick = tick;
    g->poll.tick_arg = g;
    wire_settings_start(g->settings);
    pool_start(&g->pool);
    routes_start(&g->routes);
    clients_start(&g->clients);
    park_start(&g->park);
    limits_start(&g->limits);
    g->clients.most = clients_at_most();
    target_start(&g->portal, NULL);
    target_to_path(&g->portal, o->portal);
    if (listeners_start(&g->listeners, g, e) < 0)
        return -1;
    control_start(&g->control, g, o->control);
    log_line(LOG_INFO, ERR_NONE, "ready, at most %zu clients", g->clients.most);
    return poll_run(&g->poll, e);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct gateway *g;
    struct err e;

    read_options(&options, argc, argv);
    g = mem_zero(1, sizeof *g);
    if (run(g, &options, &e) < 0) {
        log_err(LOG_ERR, &e, "the gateway");
        return 1;
    }
    log_line(LOG_INFO, ERR_NONE, "stopped");
    return 0;
}
