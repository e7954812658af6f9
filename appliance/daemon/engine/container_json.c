/* Containers in the engine's JSON. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/container_json.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "engine/state.h"

/* Always this user, whatever the image says (decisions 18). */
#define CONTAINER_USER "1000:1000"
/* What a session prints is read when it does not start, and by an operator; the disk is not its own. */
#define LOG_FILE_SIZE "1m"
#define LOG_FILES "2"
#define NANO_PER_MILLI INT64_C(1000000)

const char *container_name(char name[CONTAINER_NAME], const char *instance, const struct id *row)
{
    char text[ID_TEXT];

    snprintf(name, CONTAINER_NAME, "rb-%s-%s", instance, id_text(text, row));
    return name;
}

bool container_name_read(struct id *row, const char *instance, const char *name)
{
    size_t len = strlen(instance);

    return str_starts(name, "rb-") && str_starts(name + 3, instance) && name[3 + len] == '-' &&
           id_parse(row, name + 3 + len + 1);
}

/* ---- what is asked for ---- */

static bool add_texts(json_t *object, const char *key, const char *const *texts)
{
    json_t *list = json_array();

    json_object_set_new(object, key, list);
    for (const char *const *text = texts; text && *text; text++)
        if (json_array_append_new(list, json_string(*text)) < 0)
            return false;
    return true;
}

/* 0: no limit. Memory and swap together are what memory alone may be: nothing of a session goes to the disk. */
static void add_limits(json_t *host, const struct engine_container_spec *spec)
{
    if (spec->memory_bytes) {
        json_object_set_new(host, "Memory", json_integer(spec->memory_bytes));
        json_object_set_new(host, "MemorySwap", json_integer(spec->memory_bytes));
    }
    if (spec->memory_guarantee_bytes)
        json_object_set_new(host, "MemoryReservation", json_integer(spec->memory_guarantee_bytes));
    if (spec->cpu_millis)
        json_object_set_new(host, "NanoCpus", json_integer(spec->cpu_millis * NANO_PER_MILLI));
    if (spec->processes)
        json_object_set_new(host, "PidsLimit", json_integer(spec->processes));
}

/* No privilege escalation (contract 5.2): no_new_privs, and no capability, not even for what root would start. */
static json_t *host_json(const struct engine_container_spec *spec, const struct container_place *place)
{
    json_t *host =
        json_pack("{s:s, s:{s:s}, s:[s], s:[s], s:{s:s, s:{s:s, s:s}}}", "NetworkMode", place->network, "RestartPolicy",
                  "Name", "no", "SecurityOpt", "no-new-privileges", "CapDrop", "ALL", "LogConfig", "Type", "json-file",
                  "Config", "max-size", LOG_FILE_SIZE, "max-file", LOG_FILES);

    if (place->init)
        json_object_set_new(host, "Init", json_true());
    add_limits(host, spec);
    return host;
}

json_t *container_spec_json(const struct engine_container_spec *spec, const struct container_place *place)
{
    char session[ID_TEXT];
    json_auto_t *json =
        json_pack("{s:s, s:s, s:{s:s, s:s}}", "Image", spec->image, "User", CONTAINER_USER, "Labels",
                  ENGINE_LABEL_INSTANCE, place->instance, ENGINE_LABEL_SESSION, id_text(session, &spec->session));

    if (!json || !add_texts(json, "Env", spec->environment))
        return NULL;
    if (spec->command && !add_texts(json, "Cmd", spec->command))
        return NULL;
    json_object_set_new(json, "HostConfig", host_json(spec, place));
    return STEAL(json);
}

/* ---- what it says of one ---- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* From Networks: NetworkSettings.IPAddress is the default bridge's, and gone with API 1.52. */
static void read_address(uint8_t address[16], const json_t *answer, const char *network)
{
    const json_t *networks = json_object_get(json_object_get(answer, "NetworkSettings"), "Networks");
    const char *text = text_at(json_object_get(networks, network), "IPAddress");
    struct in_addr v4;

    memset(address, 0, 16);
    if (inet_pton(AF_INET, text, &v4) != 1)
        return;
    address[10] = address[11] = 0xff;
    memcpy(address + 12, &v4, 4);
}

/* A paused one has ended as little as a running one. */
static bool is_running(const char *status)
{
    return str_is(status, "running") || str_is(status, "paused") || str_is(status, "restarting");
}

static void read_session(struct id *session, const json_t *labels)
{
    if (!id_parse(session, text_at(labels, ENGINE_LABEL_SESSION)))
        *session = (struct id){0};
}

int container_inspected(struct engine_container *out, const json_t *answer, const struct container_place *place,
                        struct err *e)
{
    const json_t *state = json_object_get(answer, "State");
    const json_t *labels = json_object_get(json_object_get(answer, "Config"), "Labels");
    const char *status = text_at(state, "Status");

    if (!status[0])
        return err_set(e, ERR_ENGINE_ODD, "the engine does not say in what state a container is");
    read_session(&out->session, labels);
    out->running = is_running(status);
    out->exit_code = (int)json_integer_value(json_object_get(state, "ExitCode"));
    out->out_of_memory = json_is_true(json_object_get(state, "OOMKilled"));
    read_address(out->address, answer, place->network);
    return 0;
}

/* "Exited (137) 5 minutes ago": the list has no other place for it. */
static int exit_code_of(const char *status)
{
    int code = 0;

    return sscanf(status, "Exited (%9d)", &code) == 1 ? code : 0;
}

bool container_listed(struct engine_container *out, const json_t *item, const struct container_place *place)
{
    const json_t *labels = json_object_get(item, "Labels");
    const char *name = json_string_value(json_array_get(json_object_get(item, "Names"), 0));

    *out = (struct engine_container){0};
    if (!name || name[0] != '/' || !container_name_read(&out->row, place->instance, name + 1))
        return false;
    read_session(&out->session, labels);
    out->running = is_running(text_at(item, "State"));
    out->exit_code = out->running ? 0 : exit_code_of(text_at(item, "Status"));
    read_address(out->address, item, place->network);
    return true;
}

const char *container_engine_id(const json_t *answer)
{
    return text_at(answer, "Id");
}
