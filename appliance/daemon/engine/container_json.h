/* Containers in the engine's JSON: what is asked for, and what it says of one. Pure; private to engine/. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ENGINE_CONTAINER_JSON_H
#define ENGINE_CONTAINER_JSON_H

#include <jansson.h>

#include "engine/container.h"

struct container_place {
    const char *instance, *network;
    bool init; /* the engine can put a reaper in front of the command */
};

#define CONTAINER_NAME 45 /* "rb-<instance>-<row>" and a NUL */

const char *container_name(char name[CONTAINER_NAME], const char *instance, const struct id *row);
/* False when it is not one of the instance's. */
bool container_name_read(struct id *row, const char *instance, const char *name);

/* The body of /containers/create, to be released; NULL when a text of it is no UTF-8. */
json_t *container_spec_json(const struct engine_container_spec *spec, const struct container_place *place);

/* From the answer of /containers/<name>/json, without row. Errors: ERR_ENGINE_ODD. */
int container_inspected(struct engine_container *out, const json_t *answer, const struct container_place *place,
                        struct err *e) ERR_CHECKED;
/* From one item of /containers/json; false when it is not one of ours (an image's labels are its containers', too). */
bool container_listed(struct engine_container *out, const json_t *item, const struct container_place *place);

/* What the engine calls it ("Id"); "" when it does not say. Borrowed. */
const char *container_engine_id(const json_t *answer);

#endif
