/* Images of the engine: asked about, named, removed. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/image.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/job.h"

/* Removing many layers takes the engine a while. */
#define STEP_S 60

static struct job *job_for(struct engine *en, const char *name, void *out, struct done done)
{
    struct job *job = job_new(en, out, done);

    job->name = mem_string(name);
    return job;
}

/* ---- what of a description stands in a listing ---- */

#define LISTED_PORT 64    /* {"PrivatePort":65535,"Type":"sctp"}, */
#define LISTED_VOLUME 512 /* beside its path: its name twice, and what kind of mount it is */

/* As the engine writes it: "<", ">", "&" and controls have six bytes. */
static size_t listed_text(const char *text, size_t len)
{
    size_t listed = 3;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == '<' || c == '>' || c == '&')
            listed += 6;
        else
            listed += c == '"' || c == '\\' || c >= 0x7f ? 2 : 1;
    }
    return listed;
}

static size_t listed_value(const json_t *value)
{
    return json_is_string(value) ? listed_text(json_string_value(value), json_string_length(value)) : 0;
}

static size_t listed_bytes(json_t *config)
{
    json_t *value;
    const char *name;
    size_t listed = LISTED_PORT * json_object_size(json_object_get(config, "ExposedPorts")), i;

    json_object_foreach (json_object_get(config, "Labels"), name, value)
        listed += listed_text(name, strlen(name)) + listed_value(value);
    json_object_foreach (json_object_get(config, "Volumes"), name, value)
        listed += listed_text(name, strlen(name)) + LISTED_VOLUME;
    json_array_foreach (json_object_get(config, "Entrypoint"), i, value)
        listed += listed_value(value);
    return listed;
}

static enum flow_result inspect_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "GET", NULL, "/images/%s/json", job_of(f)->name);
}

static enum flow_result inspect_read(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct engine_image *image = job->out;
    json_auto_t *answer = NULL;
    const json_t *labels;
    const char *id;
    json_t *config;

    if (engine_answer_json(&answer, &job->answer, e) < 0)
        return FLOW_FAIL;
    id = json_string_value(json_object_get(answer, "Id"));
    if (!id || !str_copy(image->id, sizeof image->id, id)) {
        err_set(e, ERR_ENGINE_ODD, "the engine does not say what an image's id is");
        return FLOW_FAIL;
    }
    config = json_object_get(answer, "Config");
    labels = json_object_get(config, "Labels");
    image->labels = json_is_object(labels) ? json_dumps(labels, JSON_COMPACT) : NULL;
    image->listed_bytes = listed_bytes(config);
    image->size_bytes = json_integer_value(json_object_get(answer, "Size"));
    return FLOW_NEXT;
}

static const struct flow_step inspect_steps[] = {
    {"ask", STEP_S, inspect_ask, NULL}, {"read", 0, inspect_read, NULL}, {0}};
static const struct flow_kind inspect_kind = {inspect_steps, NULL, job_end};

struct op *engine_image_inspect(struct engine *en, const char *name, struct engine_image *out, struct done done)
{
    *out = (struct engine_image){0};
    return job_start(job_for(en, name, out, done), &inspect_kind);
}

static enum flow_result sizes_ask(struct flow *f, struct err *e)
{
    return job_ask_own(f, "/images/json?filters=%s");
}

static enum flow_result sizes_read(struct flow *f, struct err *e)
{
    struct job *job = job_of(f);
    struct engine_image_sizes *sizes = job->out;
    json_auto_t *answer = NULL;
    json_t *item;
    size_t i;

    if (engine_answer_list(&answer, &job->answer, "images", e) < 0)
        return FLOW_FAIL;
    sizes->items = mem_zero(json_array_size(answer), sizeof *sizes->items);
    json_array_foreach (answer, i, item) {
        struct engine_image_size *size = &sizes->items[sizes->count];
        const char *id = json_string_value(json_object_get(item, "Id"));

        if (!id || !str_copy(size->id, sizeof size->id, id))
            continue;
        size->bytes = json_integer_value(json_object_get(item, "Size"));
        sizes->count++;
    }
    return FLOW_NEXT;
}

static const struct flow_step sizes_steps[] = {{"ask", STEP_S, sizes_ask, NULL}, {"read", 0, sizes_read, NULL}, {0}};
static const struct flow_kind sizes_kind = {sizes_steps, NULL, job_end};

struct op *engine_image_sizes(struct engine *en, struct engine_image_sizes *out, struct done done)
{
    *out = (struct engine_image_sizes){0};
    return job_start(job_new(en, out, done), &sizes_kind);
}

static enum flow_result tag_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "POST", NULL, job_of(f)->text, job_of(f)->name);
}

static const struct flow_step tag_steps[] = {{"tag", STEP_S, tag_ask, NULL}, {0}};
static const struct flow_kind tag_kind = {tag_steps, NULL, job_end};

struct op *engine_image_tag(struct engine *en, const char *image, const char *name, struct done done)
{
    struct job *job = job_for(en, image, NULL, done);
    const char *slash = strrchr(name, '/'), *colon = strrchr(slash ? slash : name, ':');
    cleanup_free char *repo = mem_copy(name, colon ? (size_t)(colon - name) : strlen(name));
    cleanup_free char *repo_text = engine_path("?repo=%s", repo);
    cleanup_free char *tag_text = engine_path("&tag=%s", colon ? colon + 1 : "latest");

    job->text = mem_format("/images/%%s/tag%s%s", repo_text, tag_text);
    return job_start(job, &tag_kind);
}

static enum flow_result remove_ask(struct flow *f, struct err *e)
{
    return job_ask(f, "DELETE", NULL, "/images/%s", job_of(f)->name);
}

static const struct flow_step remove_steps[] = {{"remove", STEP_S, remove_ask, job_bear_missing}, {0}};
static const struct flow_kind remove_kind = {remove_steps, NULL, job_end};

struct op *engine_image_remove(struct engine *en, const char *name, struct done done)
{
    return job_start(job_for(en, name, NULL, done), &remove_kind);
}

char *engine_image_label(const struct engine_image *image, const char *name)
{
    json_auto_t *labels = image->labels ? json_loads(image->labels, 0, NULL) : NULL;

    return mem_string(json_string_value(json_object_get(labels, name)));
}
