/* Reading the configuration's files: what inih would take silently is refused before it sees it. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf_key.h"

/* decisions 13: inih cuts longer lines and names of sections in two without a word. */
#define LINE_MAX_BYTES 190
#define SECTION_MAX_BYTES 40

/* What is done about faults, over all files. */
struct conf_reading {
    struct conf *conf;
    void (*each)(void *arg, const struct err *e); /* gets every fault; NULL: the first one ends it */
    void *arg;
    struct err *e; /* the first one, where it ends it */
    size_t faults;
};

struct conf_file {
    struct conf_reading *reading;
    const char *path;
    FILE *file;
    int line;
    int stands_in[CONF_KEYS_MAX]; /* line of this file, by the key's place in the table; 0: not yet */
};

/* Whether it is over with reading. */
static bool failed(const struct conf_reading *r)
{
    return r->faults >= (r->each ? CONF_FAULTS_MAX : 1);
}

static int tell(struct conf_reading *r, const struct err *why)
{
    if (!failed(r) && r->each)
        r->each(r->arg, why);
    else if (!failed(r))
        *r->e = *why;
    r->faults++;
    return -1;
}

static int refuse(struct conf_file *f, enum err_code code, const char *text)
{
    struct err why;

    err_set(&why, code, "%s:%d: %s", f->path, f->line, text);
    return tell(f->reading, &why);
}

/* What is wrong with a line as it stands in the file; NULL: nothing. */
static const char *line_fault(const char *line, size_t len)
{
    const char *value = strpbrk(line, "=:");

    if (strlen(line) < len)
        return "there is a NUL in this line";
    if (len > LINE_MAX_BYTES)
        return "a line has at most 190 bytes";
    if (line[0] == '#' || line[0] == ';' || !len)
        return NULL;
    if (line[0] == ' ' || line[0] == '\t')
        return "a line does not begin with a blank: a list's key is written once for each of its values";
    if (line[0] == '[' && strcspn(line, "]") > SECTION_MAX_BYTES + 1)
        return "the name of a section has at most 40 bytes";
    if (line[0] != '[' && !value)
        return "a line is key=value, [section], or a comment behind #";
    if (value && (strstr(value, " ;") || strstr(value, "\t;")))
        return "a ; behind a blank would cut the value off here: leave it out";
    return NULL;
}

/* fgets(3) for inih, a whole line a call; ends at the first line that is refused. */
static char *next_line(char *to, int room, void *arg)
{
    struct conf_file *f = arg;
    cleanup_free char *line = NULL;
    const char *fault;
    size_t size = 0;
    ssize_t len;

    if (failed(f->reading))
        return NULL;
    len = getline(&line, &size, f->file);
    if (len < 0)
        return NULL;
    f->line++;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        line[--len] = '\0';
    fault = line_fault(line, (size_t)len);
    if (fault || !str_copy(to, (size_t)room, line)) {
        refuse(f, ERR_CONF_MALFORMED, fault ? fault : "the line is too long");
        *to = '\0'; /* nothing, where reading goes on */
        return failed(f->reading) ? NULL : to;
    }
    return to;
}

static int take_key(struct conf_file *f, const struct conf_key *key, const char *value)
{
    int *stands = &f->stands_in[key - conf_keys];
    struct conf_place *place = &f->reading->conf->places[key - conf_keys];
    struct err why;

    if (key->kind == CONF_LIST && !*stands)
        conf_key_clear(f->reading->conf, key);
    if (key->kind != CONF_LIST && *stands) {
        cleanup_free char *text = mem_format("%s stands already in line %d", key->name, *stands);

        return refuse(f, ERR_CONF_MALFORMED, text);
    }
    if (!*stands) {
        free(place->path);
        *place = (struct conf_place){mem_string(f->path), f->line};
    }
    *stands = f->line;
    return conf_key_set(f->reading->conf, key, value, &why) < 0 ? refuse(f, why.code, why.text) : 0;
}

/* inih's handler: 1 goes on, 0 is an error. */
static int take(void *arg, const char *section, const char *name, const char *value)
{
    struct conf_file *f = arg;
    const struct conf_key *key = conf_key_find(name);
    cleanup_free char *text = NULL;

    if (failed(f->reading))
        return 0;
    if (*section) {
        text = mem_format("there is no section [%s]; keys stand above the first section", section);
        return refuse(f, ERR_CONF_UNKNOWN, text) == 0;
    }
    if (!key) {
        const char *meant = conf_suggest(name);

        text = meant ? mem_format("there is no key %s; %s is one", name, meant)
                     : mem_format("there is no key %s; `ringbinderd --show-config` has them all", name);
        return refuse(f, ERR_CONF_UNKNOWN, text) == 0;
    }
    return take_key(f, key, value) == 0;
}

static int read_file(struct conf_reading *r, const char *path)
{
    cleanup_file FILE *file = fopen(path, "re");
    struct conf_file f = {.reading = r, .path = path, .file = file};
    size_t before = r->faults;
    struct err why;

    if (file && ini_parse_stream(next_line, &f, take, &f) != 0 && r->faults == before)
        return refuse(&f, ERR_CONF_MALFORMED, "a line before this one is not key=value");
    if (file && !ferror(file))
        return r->faults == before ? 0 : -1;
    err_set_errno(&why, ERR_CONF_UNREADABLE, "%s", path);
    return tell(r, &why);
}

static int is_conf(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && str_ends(entry->d_name, ".conf");
}

/* conf.d beside `path`; it need not be there. */
static int read_folder(struct conf_reading *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    cleanup_free char *folder = mem_format("%.*sconf.d", slash ? (int)(slash + 1 - path) : 0, path);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_conf, alphasort), result = 0;
    struct err why;

    if (count < 0 && errno == ENOENT)
        return 0;
    if (count < 0) {
        err_set_errno(&why, ERR_CONF_UNREADABLE, "%s", folder);
        return tell(r, &why);
    }
    for (int i = 0; i < count; i++) {
        cleanup_free char *one = mem_format("%s/%s", folder, entries[i]->d_name);

        if (!failed(r) && read_file(r, one) < 0)
            result = -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int read_all(struct conf_reading *r, const char *path)
{
    struct conf *c = r->conf;
    struct err why;

    *c = (struct conf){.places = mem_zero(CONF_KEYS_MAX, sizeof *c->places)};
    for (const struct conf_key *key = conf_keys; key->name; key++) {
        if (key->kind == CONF_LIST) {
            conf_key_clear(c, key);
        } else if (conf_key_set(c, key, key->standard, &why) < 0) {
            err_wrap(&why, "the table of keys");
            return tell(r, &why);
        }
    }
    if (!path)
        return 0;
    if (read_file(r, path) < 0 && failed(r))
        return -1;
    return read_folder(r, path) < 0 || r->faults ? -1 : 0;
}

int conf_read(struct conf *out, const char *path, struct err *e)
{
    return read_all(&(struct conf_reading){.conf = out, .e = e}, path);
}

void conf_read_all(struct conf *out, const char *path, void (*each)(void *arg, const struct err *e), void *arg)
{
    read_all(&(struct conf_reading){.conf = out, .each = each, .arg = arg}, path);
}
