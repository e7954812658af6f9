/* A stand-in for a Jupyter server that starts at once: what tests and benchmarks of launches and relays need of one. */
/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Takes any command line and reads from it --*.base_url=, --*.token= and --port=. Below the base URL it answers
 *
 *     api             200 {"version":"stub"}, without a token, as Jupyter does
 *     api/status, api/kernels, api/sessions
 *     bytes/N         N bytes, at most 64 MiB
 *     api/shutdown    ends it
 *     eat/N           N bytes of memory are taken and kept
 *     anything else   a page;  with Upgrade: websocket  an echo of each message
 *
 * and 404 outside it. STUB_* in its environment make it misbehave:
 *
 *     STUB_EXIT=CODE     ends before it listens, with STUB_SAY as its last lines
 *     STUB_DELAY_MS=N    puts that off or, without STUB_EXIT, its readiness
 *     STUB_READ=PATH     reads that file first, and ends with code 1 where it may not
 *     STUB_EAT=N         takes N bytes of memory first
 *     STUB_PORT=N        listens there, whatever its arguments say; STUB_LOOPBACK=1 on 127.0.0.1 alone
 *     STUB_BASE=PATH     takes that for its base URL, whatever its arguments say
 *     STUB_STUBBORN=1    does not end at SIGTERM
 *     STUB_KERNELS=JSON  is what api/kernels answers
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define MESSAGE_MAX (1 << 20) /* bytes of a WebSocket message; a longer one ends the connection */
#define BYTES_MAX (64L << 20)
#define CONNECTIONS_MAX 512 /* past that, new ones are closed at once */
#define STACK_BYTES (128 * 1024)

static const char *base_url = "/";
static const char *token = "";
static int connections;

struct request {
    char method[16];
    char target[2048];
    char *fields; /* the head's lines after the first */
    size_t body;  /* bytes that follow the head */
};

/* A connection's bytes, read ahead of what has been used. */
struct stream {
    int fd;
    size_t len;
    char bytes[HEAD_MAX + 1];
};

static bool send_all(int fd, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool fill(struct stream *s)
{
    if (s->len == HEAD_MAX) {
        return false;
    }
    ssize_t n = recv(s->fd, s->bytes + s->len, HEAD_MAX - s->len, 0);
    if (n <= 0) {
        return false;
    }
    s->len += (size_t)n;
    s->bytes[s->len] = '\0';
    return true;
}

static void drop(struct stream *s, size_t len)
{
    memmove(s->bytes, s->bytes + len, s->len - len + 1);
    s->len -= len;
}

static bool take(struct stream *s, void *to, size_t len)
{
    char *at = to;
    while (len > 0) {
        if (s->len == 0 && !fill(s)) {
            return false;
        }
        size_t n = len < s->len ? len : s->len;
        memcpy(at, s->bytes, n);
        drop(s, n);
        at += n;
        len -= n;
    }
    return true;
}

/* The value of a field of the head, copied to `to`; false when there is none. */
static bool field(const struct request *r, const char *name, char *to, size_t room)
{
    size_t len = strlen(name);
    for (const char *line = r->fields; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " \t");
            snprintf(to, room, "%.*s", (int)strcspn(value, "\r\n"), value);
            return true;
        }
    }
    return false;
}

/* SHA-1 of at most 119 bytes (RFC 3174): all that a WebSocket's handshake asks for (RFC 6455, 4.2.2). */
static void sha1(const char *text, uint8_t digest[20])
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t block[128] = {0};
    size_t len = strlen(text), total = len < 56 ? 64 : 128;
    memcpy(block, text, len);
    block[len] = 0x80;
    block[total - 2] = (uint8_t)(len * 8 >> 8);
    block[total - 1] = (uint8_t)(len * 8);
    for (const uint8_t *at = block; at < block + total; at += 64) {
        uint32_t w[80], v[5];
        memcpy(v, h, sizeof(v));
        for (int i = 0; i < 80; i++) {
            if (i < 16) {
                w[i] = (uint32_t)at[4 * i] << 24 | (uint32_t)at[4 * i + 1] << 16 | (uint32_t)at[4 * i + 2] << 8 |
                       at[4 * i + 3];
            } else {
                uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
                w[i] = x << 1 | x >> 31;
            }
            static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
            uint32_t choice = v[3] ^ (v[1] & (v[2] ^ v[3])), parity = v[1] ^ v[2] ^ v[3];
            uint32_t majority = (v[1] & v[2]) | (v[3] & (v[1] | v[2]));
            uint32_t f = i < 20 ? choice : i >= 40 && i < 60 ? majority : parity;
            uint32_t next = (v[0] << 5 | v[0] >> 27) + f + v[4] + constants[i / 20] + w[i];
            v[4] = v[3];
            v[3] = v[2];
            v[2] = v[1] << 30 | v[1] >> 2;
            v[1] = v[0];
            v[0] = next;
        }
        for (int i = 0; i < 5; i++) {
            h[i] += v[i];
        }
    }
    for (int i = 0; i < 20; i++) {
        digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
    }
}

static void base64_digest(const uint8_t digest[20], char text[29])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8;
        three |= i < 6 ? digest[3 * i + 2] : 0;
        for (int k = 0; k < 4; k++) {
            text[4 * i + k] = letters[three >> (18 - 6 * k) & 63];
        }
    }
    text[27] = '=';
    text[28] = '\0';
}

/* One frame of the client's, sent back unmasked; false once the connection is to end. Frames are echoed as they come:
 * the pieces of a message stay pieces. */
static bool echo_frame(struct stream *s, uint8_t *payload)
{
    uint8_t head[2], wide[8], mask[4];
    if (!take(s, head, 2)) {
        return false;
    }
    uint64_t len = head[1] & 0x7F;
    size_t bytes = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (bytes > 0) {
        len = 0;
        if (!take(s, wide, bytes)) {
            return false;
        }
        for (size_t i = 0; i < bytes; i++) {
            len = len << 8 | wide[i];
        }
    }
    if ((head[1] & 0x80) == 0 || len > MESSAGE_MAX || !take(s, mask, 4) || !take(s, payload, len)) {
        return false;
    }
    for (uint64_t i = 0; i < len; i++) {
        payload[i] ^= mask[i & 3];
    }
    uint8_t opcode = head[0] & 0x0F;
    uint8_t answer[10] = {opcode == 9 ? (uint8_t)0x8A : head[0], head[1] & 0x7F};
    memcpy(answer + 2, wide, bytes);
    return opcode == 10 || (send_all(s->fd, answer, 2 + bytes) && send_all(s->fd, payload, len) && opcode != 8);
}

static void websocket(struct stream *s, const char *key)
{
    char text[128], digest64[29], head[256];
    uint8_t digest[20];
    snprintf(text, sizeof(text), "%.60s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, digest);
    base64_digest(digest, digest64);
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n",
                     digest64);
    uint8_t *payload = malloc(MESSAGE_MAX);
    if (payload != NULL && send_all(s->fd, head, (size_t)n)) {
        while (echo_frame(s, payload)) {
        }
    }
    free(payload);
}

static bool answer(int fd, const char *status, const char *type, const char *body)
{
    char head[512];
    size_t len = strlen(body);
    int n =
        snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nServer: stub\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                 status, type, len);
    return send_all(fd, head, (size_t)n) && send_all(fd, body, len);
}

static bool answer_bytes(int fd, long count)
{
    char head[256], block[16384];
    count = count < 0 ? 0 : count > BYTES_MAX ? BYTES_MAX : count;
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 200 OK\r\nServer: stub\r\nContent-Type: application/octet-stream\r\n"
                     "Content-Length: %ld\r\n\r\n",
                     count);
    memset(block, 'x', sizeof(block));
    bool sent = send_all(fd, head, (size_t)n);
    for (; sent && count > 0; count -= (long)sizeof(block)) {
        sent = send_all(fd, block, count < (long)sizeof(block) ? (size_t)count : sizeof(block));
    }
    return sent;
}

static bool has_token(const struct request *r, const char *query)
{
    char value[256], wanted[256];
    if (*token == '\0') {
        return true;
    }
    if (field(r, "Authorization", value, sizeof(value))) {
        const char *space = strchr(value, ' ');
        return space != NULL && strcmp(space + 1, token) == 0;
    }
    snprintf(wanted, sizeof(wanted), "token=%s", token);
    const char *found = query != NULL ? strstr(query, wanted) : NULL;
    return found != NULL && strcspn(found, "&") == strlen(wanted);
}

static void eat(long bytes)
{
    mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/* False when the connection is to be closed. */
static bool serve(struct stream *s, struct request *r)
{
    static const char page[] = "<!doctype html><meta charset=utf-8><title>stub</title><h1>This is the stub</h1>"
                               "<p>It stands in for a Jupyter server.</p>";
    char *query = strchr(r->target, '?');
    if (query != NULL) {
        *query++ = '\0';
    }
    char key[64];
    size_t base = strlen(base_url);
    if (strncmp(r->target, base_url, base) != 0) {
        return answer(s->fd, "404 Not Found", "text/plain", "outside the base URL\n");
    }
    const char *path = r->target + base;
    if (strcmp(path, "api") == 0) {
        return answer(s->fd, "200 OK", "application/json", "{\"version\":\"stub\"}");
    }
    if (!has_token(r, query)) {
        return answer(s->fd, "403 Forbidden", "application/json", "{\"message\":\"Forbidden\",\"reason\":null}");
    }
    if (field(r, "Sec-WebSocket-Key", key, sizeof(key))) {
        websocket(s, key);
        return false;
    }
    if (strcmp(path, "api/status") == 0) {
        return answer(s->fd, "200 OK", "application/json", "{\"connections\":0,\"kernels\":0}");
    }
    if (strcmp(path, "api/kernels") == 0) {
        const char *kernels = getenv("STUB_KERNELS");
        return answer(s->fd, "200 OK", "application/json", kernels != NULL ? kernels : "[]");
    }
    if (strcmp(path, "api/shutdown") == 0) {
        answer(s->fd, "200 OK", "application/json", "{}");
        _exit(0);
    }
    if (strncmp(path, "eat/", 4) == 0) {
        eat(strtol(path + 4, NULL, 10));
        return answer(s->fd, "200 OK", "text/plain", "eaten\n");
    }
    if (strcmp(path, "api/sessions") == 0) {
        return answer(s->fd, "200 OK", "application/json", "[]");
    }
    if (strncmp(path, "bytes/", 6) == 0) {
        return answer_bytes(s->fd, strtol(path + 6, NULL, 10));
    }
    return answer(s->fd, "200 OK", "text/html; charset=utf-8", page);
}

/* Reads one request's head; false at the connection's end. The head stays in `head` until the next. */
static bool next_request(struct stream *s, struct request *r, char head[HEAD_MAX + 1])
{
    char *end;
    while ((end = strstr(s->bytes, "\r\n\r\n")) == NULL) {
        if (!fill(s)) {
            return false;
        }
    }
    size_t len = (size_t)(end + 4 - s->bytes);
    memcpy(head, s->bytes, len);
    head[len] = '\0';
    drop(s, len);
    char value[32];
    r->fields = strchr(head, '\n') + 1;
    r->body = field(r, "Content-Length", value, sizeof(value)) ? strtoul(value, NULL, 10) : 0;
    return sscanf(head, "%15s %2047s HTTP/1.1", r->method, r->target) == 2;
}

static void *connection(void *arg)
{
    struct stream *s = arg;
    struct request r;
    char head[HEAD_MAX + 1], waste[4096];
    bool more = true;
    while (more && next_request(s, &r, head)) {
        while (more && r.body > 0) {
            size_t n = r.body < sizeof(waste) ? r.body : sizeof(waste);
            more = take(s, waste, n);
            r.body -= n;
        }
        more = more && serve(s, &r);
    }
    close(s->fd);
    free(s);
    __atomic_sub_fetch(&connections, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void accept_one(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int one = 1;
    struct stream *s = calloc(1, sizeof(*s));
    if (s == NULL || __atomic_load_n(&connections, __ATOMIC_RELAXED) >= CONNECTIONS_MAX) {
        close(fd);
        free(s);
        return;
    }
    s->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    __atomic_add_fetch(&connections, 1, __ATOMIC_RELAXED);
    if (pthread_create(&thread, &attributes, connection, s) != 0) {
        __atomic_sub_fetch(&connections, 1, __ATOMIC_RELAXED);
        close(fd);
        free(s);
    }
    pthread_attr_destroy(&attributes);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool loopback = getenv("STUB_LOOPBACK") != NULL;
    int one = 1, fd = loopback ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool six = fd >= 0;
    any4.sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY);
    if (!six) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    const struct sockaddr *address = six ? (const void *)&any : (const void *)&any4;
    if (bind(fd, address, six ? sizeof(any) : sizeof(any4)) < 0 || listen(fd, 256) < 0) {
        perror("stub: listen");
        exit(1);
    }
    return fd;
}

static void stop(int number)
{
    (void)number;
    _exit(0);
}

static void misbehave(void)
{
    const char *delay = getenv("STUB_DELAY_MS"), *say = getenv("STUB_SAY"), *code = getenv("STUB_EXIT");
    const char *file = getenv("STUB_READ"), *bytes = getenv("STUB_EAT");
    if (file != NULL && access(file, R_OK) < 0) {
        perror(file);
        exit(1);
    }
    if (bytes != NULL) {
        eat(strtol(bytes, NULL, 10));
    }
    if (delay != NULL) {
        usleep((useconds_t)strtoul(delay, NULL, 10) * 1000);
    }
    if (say != NULL) {
        fprintf(stderr, "%s\n", say);
    }
    if (code != NULL) {
        exit((int)strtol(code, NULL, 10));
    }
}

int main(int argc, char **argv)
{
    uint16_t port = 8888;
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        if (value == NULL || strncmp(argv[i], "--", 2) != 0) {
            continue;
        }
        if (strstr(argv[i], ".base_url=") != NULL) {
            base_url = value + 1;
        } else if (strstr(argv[i], ".token=") != NULL) {
            token = value + 1;
        } else if (strncmp(argv[i], "--port=", 7) == 0) {
            port = (uint16_t)strtoul(value + 1, NULL, 10);
        }
    }
    if (getenv("STUB_PORT") != NULL) {
        port = (uint16_t)strtoul(getenv("STUB_PORT"), NULL, 10);
    }
    if (getenv("STUB_BASE") != NULL) {
        base_url = getenv("STUB_BASE");
    }
    signal(SIGTERM, getenv("STUB_STUBBORN") != NULL ? SIG_IGN : stop);
    signal(SIGINT, stop);
    misbehave();
    int listener = listen_on(port);
    fprintf(stderr, "stub: listening on port %d at %s\n", port, base_url);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
            usleep(10000);
        }
    }
}
