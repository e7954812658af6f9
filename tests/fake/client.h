/* A client of the api's sockets, on the test's own loop. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FAKE_CLIENT_H
#define FAKE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/loop.h"

extern struct loop *loop; /* the test makes it */

struct client {
    int fd;
    struct loop_fd *watch;
    struct buf got;
    bool closed;
};

void client_open(struct client *c, const char *socket, const char *request);
void client_close(struct client *c);
/* Until the client has got `text`, the connection has closed (NULL waits for that alone), or an hour has passed. */
bool arrives(struct client *c, const char *text);
/* Lets the loop do what it has to for `ms`. */
void pass(int64_t ms);

/* The whole answer to one request; `fields` end with CR LF each. Borrowed until the next question. */
const char *ask_with(const char *socket, const char *line, const char *fields);
int status_of(const char *answer);
const char *body_of(const char *answer);

#endif
