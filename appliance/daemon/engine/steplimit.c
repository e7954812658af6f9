/* Limits of build steps: watches where their cgroups appear, and writes into those that are ours. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/steplimit.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/stepname.h"
#include "engine/trace.h"
#include "loop/loop.h"

#define FOLDERS_MAX (4 * CGROUP_FOLDERS_MAX)
#define ID_MAX 64                     /* bytes of a step's name among the cgroups; BuildKit's have 25 */
#define CONFIG_MAX ((size_t)16 << 20) /* bytes; a larger one is taken for ours */
#define ARGS_MAX 4096
#define EVENTS_ROOM 8192

/* Where steps appear. Their cgroup's name is the step's id between `front` and `back`. */
struct folder {
    char *path, *front, *back;
    int watched; /* inotify's number, -1: none */
};

/* A step that appeared in a folder and is not known to be ours yet. */
struct step {
    struct list node;
    char *path;  /* of its cgroup */
    char **args; /* NULL behind the last; NULL: its command cannot be read */
};

struct steplimit {
    struct loop *loop;
    char *executor; /* folder of the steps' bundles */
    struct folder folders[FOLDERS_MAX];
    size_t n_folders;
    int inotify;
    struct loop_fd *events;
    struct list builds, steps;
    int n_steps;
};

/* ---- the command of a step ---- */

static void free_args(char **args)
{
    for (size_t i = 0; args && args[i]; i++)
        free(args[i]);
    free(args);
}

/* NULL: it cannot be read. A step is written before its cgroup is made, so one without a file is no build's: -1. */
static int read_args(const struct steplimit *s, const char *id, char ***out)
{
    cleanup_free char *path = mem_format("%s/%s/config.json", s->executor, id);
    json_auto_t *config = NULL;
    json_t *args, *arg;
    struct stat about;
    size_t i;

    *out = NULL;
    if (stat(path, &about) < 0)
        return -1;
    if ((size_t)about.st_size <= CONFIG_MAX)
        config = json_load_file(path, 0, NULL);
    args = json_object_get(json_object_get(config, "process"), "args");
    if (json_array_size(args) < 1 || json_array_size(args) > ARGS_MAX)
        return 0;
    *out = mem_zero(json_array_size(args) + 1, sizeof **out);
    json_array_foreach (args, i, arg)
        (*out)[i] = mem_string(json_is_string(arg) ? json_string_value(arg) : "");
    return 0;
}

/* ---- steps ---- */

static void free_step(struct steplimit *s, struct step *step)
{
    list_remove(&step->node);
    s->n_steps--;
    free_args(step->args);
    free(step->path);
    free(step);
}

static bool is_step(const void *arg, struct slice name)
{
    const struct step *step = arg;
    static const char *const anything[] = {"$", NULL};

    return step->args ? stepname_runs(name, (const char *const *)step->args) : stepname_runs(name, anything);
}

static const struct steplimit_build *build_of(const struct steplimit *s, const struct step *step)
{
    list_for_each (node, &s->builds) {
        const struct steplimit_build *b = container_of(node, struct steplimit_build, node);

        if (trace_runs(b->trace, is_step, step))
            return b;
    }
    return NULL;
}

/* One that has ended meanwhile cannot be written to, and needs no limit. */
static void limit(const struct step *step, const struct steplimit_build *b)
{
    struct err e;

    if (cgroup_limit(step->path, &b->limits, &e) < 0 && access(step->path, F_OK) == 0)
        log_err(LOG_WARNING, &e, "a build's step has no limit");
}

void steplimit_look(struct steplimit *s)
{
    list_for_each_safe (node, &s->steps) {
        struct step *step = container_of(node, struct step, node);
        const struct steplimit_build *b = build_of(s, step);

        if (b)
            limit(step, b);
        if (b || access(step->path, F_OK) < 0)
            free_step(s, step);
    }
}

static void take_step(struct steplimit *s, const struct folder *folder, const char *name)
{
    size_t len = strlen(name), front = strlen(folder->front), back = strlen(folder->back);
    char id[ID_MAX + 1] = "";
    struct step *step;
    char **args;

    if (len <= front + back || len - front - back > ID_MAX || !str_starts(name, folder->front) ||
        !str_ends(name, folder->back))
        return;
    memcpy(id, name + front, len - front - back);
    if (read_args(s, id, &args) < 0)
        return;
    if (s->n_steps == STEPLIMIT_WAITING_MAX) {
        log_line(LOG_WARNING, ERR_ENGINE_NO_LIMITS, "more than %d steps of builds run, one of them without a limit",
                 STEPLIMIT_WAITING_MAX);
        free_step(s, container_of(s->steps.next, struct step, node));
    }
    step = mem_zero(1, sizeof *step);
    step->path = mem_format("%s/%s", folder->path, name);
    step->args = args;
    list_add(&s->steps, &step->node);
    s->n_steps++;
}

/* ---- watching ---- */

static int watch_folder(struct steplimit *s, struct folder *folder, struct err *e)
{
    if (cgroup_make(folder->path, e) < 0)
        return -1;
    folder->watched = inotify_add_watch(s->inotify, folder->path, IN_CREATE | IN_ONLYDIR);
    if (folder->watched < 0)
        return err_set_errno(e, ERR_ENGINE_NO_LIMITS, "watching %s", folder->path);
    return 0;
}

static void scan(struct steplimit *s, const struct folder *folder)
{
    cleanup_dir DIR *dir = opendir(folder->path);

    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
            take_step(s, folder, entry->d_name);
}

static void take_event(struct steplimit *s, const struct inotify_event *event)
{
    struct err e;

    for (size_t i = 0; i < s->n_folders; i++) {
        struct folder *folder = &s->folders[i];

        if (event->mask & IN_Q_OVERFLOW) {
            scan(s, folder);
        } else if (event->wd == folder->watched && event->mask & IN_IGNORED) {
            if (watch_folder(s, folder, &e) < 0)
                log_err(LOG_WARNING, &e, "steps of builds have no limits any more");
        } else if (event->wd == folder->watched && event->len && event->mask & IN_CREATE) {
            take_step(s, folder, event->name);
        }
    }
}

static void on_events(void *arg, unsigned events)
{
    struct steplimit *s = arg;
    char bytes[EVENTS_ROOM] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got = read(s->inotify, bytes, sizeof bytes);

    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + at);

        take_event(s, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    steplimit_look(s);
}

static void stop_watching(struct steplimit *s)
{
    loop_fd_remove(&s->events);
    if (s->inotify >= 0)
        close(s->inotify);
    s->inotify = -1;
    list_for_each_safe (node, &s->steps)
        free_step(s, container_of(node, struct step, node));
}

static int start_watching(struct steplimit *s, struct err *e)
{
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->inotify < 0)
        return err_set_errno(e, ERR_ENGINE_NO_LIMITS, "inotify");
    for (size_t i = 0; i < s->n_folders; i++)
        if (watch_folder(s, &s->folders[i], e) < 0) {
            stop_watching(s);
            return -1;
        }
    s->events = loop_fd_new(s->loop, s->inotify, LOOP_READ, on_events, s);
    return 0;
}

int steplimit_add(struct steplimit *s, struct steplimit_build *b, struct err *e)
{
    if (list_empty(&s->builds) && start_watching(s, e) < 0)
        return -1;
    list_add(&s->builds, &b->node);
    return 0;
}

void steplimit_remove(struct steplimit *s, struct steplimit_build *b)
{
    if (list_empty(&b->node))
        return;
    list_remove(&b->node);
    if (list_empty(&s->builds))
        stop_watching(s);
}

bool steplimit_busy(const struct steplimit *s)
{
    return !list_empty(&s->builds);
}

/* ---- the place ---- */

/* Where steps are the cgroups `front`<id>`back` of `cgroup`. */
struct form {
    const char *cgroup, *front, *back;
};

/* One for each hierarchy. */
static int add_folders(struct steplimit *s, const char *root, const struct form *form, struct err *e)
{
    char *paths[CGROUP_FOLDERS_MAX];
    int n = cgroup_folders(paths, root, form->cgroup, e);

    for (int i = 0; i < n; i++)
        s->folders[s->n_folders++] = (struct folder){
            .path = paths[i], .front = mem_string(form->front), .back = mem_string(form->back), .watched = -1};
    return n < 0 ? -1 : 0;
}

/* With the systemd driver dockerd names them "<slice>:docker:<id>", which runc makes a scope of; where it is not told
 * to ask systemd it takes the name as it is, below the root with v1, and with v2 beside the engine's own cgroup, which
 * is docker.service's or the one of who started it (dockerd's newCgroupParent(), runc's --systemd-cgroup, fs2's
 * defaultDirPath()). */
static int find_folders(struct steplimit *s, const struct steplimit_place *place, struct err *e)
{
    const char *const beside[] = {"", "system.slice",
                                  place->beside && !str_is(place->beside, "system.slice") ? place->beside : NULL};
    cleanup_free char *inner = NULL, *literal = NULL;

    if (str_is(place->driver, "cgroupfs")) {
        inner = mem_format("%s/buildkit", place->parent ? place->parent : "docker");
        return add_folders(s, place->root, &(struct form){inner, "", ""}, e);
    }
    if (!str_is(place->driver, "systemd"))
        return err_set(e, ERR_ENGINE_NO_LIMITS, "the engine's cgroup driver is %.40s", place->driver);
    inner = cgroup_slice(place->parent ? place->parent : "system.slice");
    literal = mem_format("%s:docker:", place->parent ? place->parent : "system.slice");
    if (add_folders(s, place->root, &(struct form){inner, "docker-", ".scope"}, e) < 0)
        return -1;
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
        if (beside[i] && add_folders(s, place->root, &(struct form){beside[i], literal, ""}, e) < 0)
            return -1;
    return 0;
}

int steplimit_new(struct steplimit **out, struct loop *loop, const struct steplimit_place *place, struct err *e)
{
    struct steplimit *s = mem_zero(1, sizeof *s);

    s->loop = loop;
    s->inotify = -1;
    s->executor = mem_format("%s/buildkit/executor", place->data_root);
    list_init(&s->builds);
    list_init(&s->steps);
    if (access(s->executor, R_OK | X_OK) < 0)
        err_set_errno(e, ERR_ENGINE_NO_LIMITS, "the commands of build steps, %s", s->executor);
    else if (find_folders(s, place, e) == 0 && start_watching(s, e) == 0) {
        stop_watching(s);
        *out = s;
        return 0;
    }
    steplimit_free(&s);
    return -1;
}

void steplimit_free(struct steplimit **at)
{
    struct steplimit *s = STEAL(*at);

    if (!s)
        return;
    stop_watching(s);
    for (size_t i = 0; i < s->n_folders; i++) {
        free(s->folders[i].path);
        free(s->folders[i].front);
        free(s->folders[i].back);
    }
    free(s->executor);
    free(s);
}
