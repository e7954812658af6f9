/* Builds that do as a test says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build.h"

#include <string.h>

#include "base/str.h"
#include "build/log.h"
#include "later.h"

struct build_log {
    struct buf text;
    struct list watchers;
    int held;
};

static void fill_ref(struct later *l)
{
    const struct builds *all = l->from;

    str_copy(l->out, 256, all->no_ref && str_ends(all->asked_spec, all->no_ref) ? "" : all->ref);
}

struct op *build_resolve(struct builds *all, const struct build_question *q, char ref[256], struct done done)
{
    struct later how = {.fill = fill_ref, .from = all, .out = ref, .done = done, .e = all->resolve_error};

    how.cancelled = &all->cancelled;
    all->resolved++;
    str_copy(all->asked_spec, sizeof all->asked_spec, q->spec);
    str_copy(all->asked_api, sizeof all->asked_api, q->api ? q->api : "");
    str_copy(all->asked_token, sizeof all->asked_token, q->token ? q->token : "");
    return later(all->loop, all->ms, &how);
}

static void fill_found(struct later *l)
{
    ((struct build_result *)l->out)->image = ((struct builds *)l->from)->image;
}

struct op *build_image_find(struct builds *all, const char *image, struct build_result *out, struct done done)
{
    struct later how = {.fill = fill_found, .from = all, .out = out, .done = done, .e = all->find_error};

    how.cancelled = &all->cancelled;
    all->found++;
    str_copy(all->asked_image, sizeof all->asked_image, image);
    return later(all->loop, all->ms, &how);
}

static void fill_built(struct later *l)
{
    ((struct build_result *)l->out)->image = ((struct builds *)l->from)->built;
}

struct op *build_want(struct builds *all, const struct build_spec *spec, struct build_result *out, struct done done)
{
    struct later how = {.fill = fill_built, .from = all, .out = out, .done = done, .e = all->build_error};

    how.cancelled = &all->cancelled;
    all->wanted++;
    str_copy(all->asked_image, sizeof all->asked_image, spec->image);
    str_copy(all->asked_commit, sizeof all->asked_commit, spec->commit);
    return later(all->loop, all->ms, &how);
}

struct build_log *build_log_find(struct builds *all, const char *image)
{
    return all->log;
}

struct build_log *fake_log_new(void)
{
    struct build_log *log = mem_zero(1, sizeof *log);

    log->text = BUF_OF(1 << 20);
    log->held = 1;
    list_init(&log->watchers);
    return log;
}

void fake_log_add(struct build_log *log, const char *line)
{
    buf_add_format(&log->text, "{\"phase\":\"building\",\"message\":\"%s\\n\"}\n", line);
    watch_wake_all(&log->watchers);
}

struct build_log *build_log_hold(struct build_log *log)
{
    log->held++;
    return log;
}

void build_log_release(struct build_log **log)
{
    if (--(*log)->held == 0) {
        buf_free(&(*log)->text);
        free(*log);
    }
    *log = NULL;
}

bool build_log_read(struct build_log *log, struct build_log_cursor *cursor, struct buf *out)
{
    uint64_t before = cursor->at;

    while (cursor->at < log->text.len) {
        const char *line = log->text.bytes + cursor->at;
        size_t len = (size_t)(strchr(line, '\n') + 1 - line);

        if (len > out->limit - out->len)
            break;
        buf_add(out, line, len);
        cursor->at += len;
    }
    return cursor->at > before;
}

void build_log_watch(struct build_log *log, struct watch *w)
{
    watch_begin(&log->watchers, w);
}
