/* Containers, as the engine is asked for them and tells of them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "loop/op.h"

struct engine;

/* A container is called rb-<instance>-<row>; it carries io.ringbinder.instance and io.ringbinder.session. */
struct engine_container_spec {
    struct id row, session;
    const char *image;              /* a name or "sha256:..." */
    const char *const *command;     /* ends with NULL; the image's entrypoint stays (contract 5.2) */
    const char *const *environment; /* "NAME=value", ends with NULL */
    int64_t memory_bytes, memory_guarantee_bytes;
    int64_t cpu_millis; /* thousandths of a core */
    int processes;
};

struct engine_container {
    struct id row, session;
    bool running;
    int exit_code;       /* of one that has ended */
    bool out_of_memory;  /* something in it was killed for want of memory; a list does not say it */
    uint8_t address[16]; /* IPv4 mapped into IPv6; zero when it has none */
};

struct engine_container_list {
    struct engine_container *items; /* owned */
    size_t count;
};
void engine_container_list_free(struct engine_container_list *list);

/* Ops: op.h's promises, engine.h's errors. */

/* Asking twice for the same row gives the same container. */
struct op *engine_container_create(struct engine *en, const struct engine_container_spec *spec,
                                   struct engine_container *out, struct done done);
/* Fills c->address; no error when it runs already. */
struct op *engine_container_start(struct engine *en, struct engine_container *c, struct done done);
/* Done when it is gone; no error when there was none. It has ENGINE_STOP_MS to end by itself, then it is killed. */
#define ENGINE_STOP_MS 2000
struct op *engine_container_remove(struct engine *en, const struct id *row, struct done done);
/* All of our instance, running or not. */
struct op *engine_container_list(struct engine *en, struct engine_container_list *out, struct done done);
/* How it is now, as start fills it in; ERR_ENGINE_MISSING when it is not there. */
struct op *engine_container_look(struct engine *en, struct engine_container *c, struct done done);
/* What it printed last, at most 20 lines and 2,000 bytes, UTF-8 or not; for the sentence of a failed start. */
struct op *engine_container_tail(struct engine *en, const struct id *row, char out[2001], struct done done);
/* The same for the operator: the last 200 lines, as many of their last bytes as `out` may hold. */
struct op *engine_container_log(struct engine *en, const struct id *row, struct buf *out, struct done done);
/* Processor time it has used so far, in microseconds, from its cgroup; -1 when that cannot be told. Never blocks. */
int64_t engine_container_cpu_us(const struct engine *en, const struct id *row);
/* The same for the bytes of memory that it uses now, file cache included. */
int64_t engine_container_memory(const struct engine *en, const struct id *row);

#define ENGINE_PORTS_MAX 8
struct engine_port {
    int number;
    bool everywhere; /* reached from outside of the container, not only on its loopback address */
};
/* TCP ports on which something in it listens, the first ENGINE_PORTS_MAX; returns how many, -1 when that cannot be
 * told. Never blocks. */
int engine_container_ports(const struct engine *en, const struct id *row, struct engine_port out[ENGINE_PORTS_MAX]);

#endif
