/* Both ends of the WebSocket benchmark: a server that echoes bytes, and clients that play ping-pong with it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 *     websocket serve PORT
 *     websocket load PORT PATH CONNECTIONS SECONDS      prints how many round trips were made
 *
 * Proxies are not told apart by the handshake's digest, so neither end computes it.
 */
#define CONNECTIONS_MAX 1024
#define PAYLOAD 200
#define FRAME (4 + 4 + PAYLOAD) /* a client's text frame: length in two more bytes, mask, payload */

struct connection {
    int fd, got;
    int open; /* the handshake is done */
};

static struct connection connections[CONNECTIONS_MAX];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void watch(int epoll, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void say(int fd, const char *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("send");
}

static void echo(struct connection *c)
{
    static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    char bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

    if (n <= 0) {
        close(c->fd);
        free(c);
        return;
    }
    if (c->open) {
        say(c->fd, bytes, (size_t)n);
        return;
    }
    /* A handshake comes in one piece on loopback. */
    c->open = 1;
    say(c->fd, upgraded, sizeof upgraded - 1);
}

static int serve(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), on = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 511) < 0)
        die("listen");
    watch(epoll, listener, NULL);
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if (c) {
                echo(c);
                continue;
            }
            c = calloc(1, sizeof *c);
            c->fd = accept(listener, NULL, NULL);
            watch(epoll, c->fd, c);
        }
    }
}

static void make_frame(char frame[FRAME])
{
    memset(frame, 'x', FRAME);
    frame[0] = (char)0x81;         /* text, final */
    frame[1] = (char)(0x80 | 126); /* masked, two bytes of length */
    frame[2] = 0;
    frame[3] = (char)PAYLOAD;
}

static void begin(struct connection *c, const char *port, const char *path)
{
    struct sockaddr_in address = loopback(port);
    char request[512];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                       path);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    say(c->fd, request, (size_t)len);
}

/* Whether a round trip has come to its end. */
static int take(struct connection *c, const char *frame)
{
    char bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

    if (n <= 0)
        die("recv");
    if (!c->open) {
        if (strncmp(bytes, "HTTP/1.1 101 ", 13) != 0) {
            fprintf(stderr, "no upgrade: %.60s\n", bytes);
            exit(1);
        }
        c->open = 1;
        say(c->fd, frame, FRAME);
        return 0;
    }
    c->got += (int)n;
    if (c->got < FRAME)
        return 0;
    c->got = 0;
    say(c->fd, frame, FRAME);
    return 1;
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int load(const char *port, const char *path, int count, double seconds)
{
    int epoll = epoll_create1(0);
    double until = now_s() + seconds;
    char frame[FRAME];
    long trips = 0;

    make_frame(frame);
    for (int i = 0; i < count; i++) {
        begin(&connections[i], port, path);
        watch(epoll, connections[i].fd, &connections[i]);
    }
    while (now_s() < until) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 100);

        for (int i = 0; i < n; i++)
            trips += take(events[i].data.ptr, frame);
    }
    printf("%ld\n", trips);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 6 && strcmp(argv[1], "load") == 0 && atoi(argv[4]) <= CONNECTIONS_MAX)
        return load(argv[2], argv[3], atoi(argv[4]), atof(argv[5]));
    fprintf(stderr, "usage: websocket serve PORT | load PORT PATH CONNECTIONS SECONDS\n");
    return 2;
}
