/* Whether the appliance answers: asked at its own front, by a child, since asking blocks. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CLI_READY_H
#define CLI_READY_H

#include <sys/types.h>

struct place;

struct ready {
    pid_t pid; /* of the child that asks; 0: none */
};

/* The child asks both listeners for up to 60 s. */
void ready_start(struct ready *r, const struct place *p);
/* It has ended: prints the addresses on stdout, or on stderr that nobody answered. */
void ready_ended(struct ready *r, int status, const struct place *p);
void ready_stop(struct ready *r);

#endif
