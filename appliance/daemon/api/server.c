/* libmicrohttpd on the loop: one server for each listening socket. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "loop/loop.h"

struct server {
    struct server_spec spec;
    struct MHD_Daemon *daemon;
    struct loop_fd *epoll;
    struct loop_timer *timer; /* MHD's next deadline, or a turn that has been asked for */
    bool turn_due;            /* the timer is for the next turn of the loop */
    struct list paused;
    unsigned connections; /* after the last turn */
    bool closing;
};

/*
 * MHD unescapes the target in place afterwards, so a raw spec can only be had here. It also makes an object of each
 * argument, for which a query of a thousand takes more than the connection's memory: it then neither answers nor closes
 * (0.9.75). So MHD gets to see no query: `target` is its own writable buffer, which it reads on behind this call.
 */
static void *request_new(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct request *r = mem_zero(1, sizeof *r);
    char *query = strchr(target, '?');

    r->server = arg;
    r->connection = connection;
    r->target = mem_string(target);
    r->query = slice_of(r->target);
    r->path = slice_cut(&r->query, '?');
    if (query)
        query[1] = 0;
    return r;
}

static void request_ended(void *arg, struct MHD_Connection *connection, void **at, enum MHD_RequestTerminationCode how)
{
    struct request *r = *at;

    *at = NULL;
    if (!r)
        return;
    free(r->target);
    free(r);
}

static bool has_body(const struct request *r)
{
    return request_field(r, MHD_HTTP_HEADER_CONTENT_LENGTH) || request_field(r, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* MHD calls this with the head, and again behind the body. It closes the connection after an answer to the first call:
 * right for a body that nobody reads, and to be kept from all other requests, so that the gateway's pool is one. */
static enum MHD_Result request_came(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *body, size_t *body_len, void **at)
{
    struct server *s = arg;
    struct request *r = *at;

    if (!r->method && !has_body(r)) {
        r->method = method;
        return MHD_YES;
    }
    r->method = method;
    return s->spec.serve(s->spec.arg, r);
}

static void turn(struct server *s);

static void timer_fired(void *arg)
{
    struct server *s = arg;

    s->timer = NULL;
    turn(s);
}

static void turn_in(struct server *s, int64_t delay_ms)
{
    loop_timer_cancel(&s->timer);
    s->timer = loop_timer_new(s->spec.loop, delay_ms, timer_fired, s);
    s->turn_due = delay_ms == 0;
}

/* A server that was full does not listen, and looks whether there is room again before it lets ended connections go. */
static bool fewer_than_before(struct server *s)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    unsigned before = s->connections;

    s->connections = info->num_connections;
    return s->connections < before;
}

/* MHD's epoll descriptor tells of sockets and is edge-triggered inside: what MHD has left to do is only told by its
 * deadline, so that is asked for after every turn. Without a deadline nothing wakes us. */
static void turn(struct server *s)
{
    MHD_UNSIGNED_LONG_LONG deadline_ms;

    loop_timer_cancel(&s->timer);
    s->turn_due = false;
    MHD_run(s->daemon);
    if (fewer_than_before(s))
        turn_in(s, 0);
    if (s->timer)
        return; /* or a resume inside the turn has asked for the next one, at once */
    if (MHD_get_timeout(s->daemon, &deadline_ms) == MHD_YES)
        turn_in(s, (int64_t)deadline_ms);
}

static void epoll_ready(void *arg, unsigned events)
{
    turn(arg);
}

void server_pause(struct server *s, struct server_pause *p)
{
    p->paused = true;
    list_add(&s->paused, &p->node);
    MHD_suspend_connection(p->connection);
}

void server_resume(struct server *s, struct server_pause *p)
{
    if (!p->paused)
        return;
    p->paused = false;
    list_remove(&p->node);
    MHD_resume_connection(p->connection);
    if (!s->turn_due) /* a build's line resumes two hundred at once */
        turn_in(s, 0);
}

bool server_closing(const struct server *s)
{
    return s->closing;
}

const char *request_field(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

int server_new(struct server **out, const struct server_spec *spec, struct err *e)
{
    struct server *s = mem_zero(1, sizeof *s);
    const union MHD_DaemonInfo *info;

    *out = NULL;
    s->spec = *spec;
    list_init(&s->paused);
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_came, s,
                                 MHD_OPTION_LISTEN_SOCKET, spec->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, request_new, s,
                                 MHD_OPTION_NOTIFY_COMPLETED, request_ended, NULL, MHD_OPTION_CONNECTION_LIMIT,
                                 spec->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_POOL_BYTES, MHD_OPTION_END);
    info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        err_set_errno(e, ERR_API_SERVER, "serving descriptor %d", spec->listen_fd);
        server_free(&s);
        return -1;
    }
    s->epoll = loop_fd_new(spec->loop, info->epoll_fd, LOOP_READ, epoll_ready, s);
    *out = s;
    return 0;
}

/* MHD ends the process when it is stopped with a connection still suspended. */
static void resume_all(struct server *s)
{
    s->closing = true;
    list_for_each_safe (node, &s->paused)
        server_resume(s, container_of(node, struct server_pause, node));
}

void server_free(struct server **at)
{
    struct server *s = STEAL(*at);

    if (!s)
        return;
    if (s->daemon) {
        resume_all(s);
        MHD_quiesce_daemon(s->daemon); /* hands the listening descriptor back: MHD would close it */
        loop_fd_remove(&s->epoll);
        MHD_stop_daemon(s->daemon);
    }
    loop_timer_cancel(&s->timer);
    free(s);
}
