/* Both ends of the benchmark of large bodies: a server that gives or takes 100 MB, and a client that asks for it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 *     bodies serve PORT                  one connection after another
 *     bodies load PORT PATH down|up      one request
 */
#define BODY 100000000
#define PIECE (256 * 1024)

static char piece[PIECE];

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

static void give(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            die("send");
        bytes += n;
        len -= (size_t)n;
    }
}

static void give_body(int fd)
{
    for (size_t left = BODY; left; left -= left < PIECE ? left : PIECE)
        give(fd, piece, left < PIECE ? left : PIECE);
}

/* A head; what came behind it is counted in *over. 0: the connection has ended. */
static int take_head(int fd, char *head, size_t room, size_t *over)
{
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, head + len, room - 1 - len, 0);
        char *end;

        if (n <= 0)
            return 0;
        len += (size_t)n;
        head[len] = 0;
        end = strstr(head, "\r\n\r\n");
        if (end) {
            *over = len - (size_t)(end + 4 - head);
            return 1;
        }
    }
}

static void take_body(int fd, size_t had)
{
    while (had < BODY) {
        ssize_t n = recv(fd, piece, PIECE, 0);

        if (n <= 0)
            die("recv");
        had += (size_t)n;
    }
}

static void answer(int fd)
{
    char head[16384], said[128];
    size_t over;

    while (take_head(fd, head, sizeof head, &over)) {
        int down = strncmp(head, "GET ", 4) == 0;

        if (!down)
            take_body(fd, over);
        give(fd, said,
             (size_t)snprintf(said, sizeof said, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", down ? BODY : 0));
        if (down)
            give_body(fd);
    }
    close(fd);
}

static int serve(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0)
        die("listen");
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0)
            answer(fd);
    }
}

static int load(const char *port, const char *path, int down)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char head[16384];
    size_t over = 0;
    int len = snprintf(head, sizeof head,
                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n",
                       down ? "GET" : "POST", path, down ? 0 : BODY);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    give(fd, head, (size_t)len);
    if (!down)
        give_body(fd);
    if (!take_head(fd, head, sizeof head, &over) || !strstr(head, " 200 ")) {
        fprintf(stderr, "no answer: %.60s\n", head);
        return 1;
    }
    if (down)
        take_body(fd, over);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 5 && strcmp(argv[1], "load") == 0)
        return load(argv[2], argv[3], strcmp(argv[4], "down") == 0);
    fprintf(stderr, "usage: bodies serve PORT | load PORT PATH down|up\n");
    return 2;
}
