/* Rules of .dockerignore: which paths of a tree are left out of a build. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan/ignore.h"

#include "base/buf.h"
#include "base/mem.h"
#include "plan/files.h"

#define SHOWN 60

/* One step of a pattern. A pattern is a small automaton: the set of steps it may be at moves on with each byte. */
enum step_kind {
    STEP_BYTE,  /* this byte */
    STEP_ONE,   /* any byte of a name */
    STEP_CLASS, /* a byte of a class */
    STEP_NAME,  /* any bytes of a name, or none: `*` */
    STEP_ALL,   /* any bytes, or none: `**` at the end */
    STEP_DIRS,  /* nothing, or go to the next step: `**` with more behind it */
    STEP_IN,    /* any bytes up to and with a '/' */
};

struct step {
    enum step_kind kind;
    char byte;
    const char *class; /* what is between the brackets */
    size_t len;
};

struct rule {
    bool takes_back;
    size_t first, n; /* its steps */
};

struct ignore {
    char *text;
    struct step *steps;
    struct rule *rules;
    size_t n_steps, n_rules;
    bool any_takes_back;
    bool *at, *next; /* the sets of steps while matching */
};

static void add_step(struct ignore *i, struct step step)
{
    i->steps[i->n_steps++] = step;
}

/* Behind '[': the class up to its ']'. */
static bool read_class(struct step *out, const char **at)
{
    const char *c = *at;

    *out = (struct step){.kind = STEP_CLASS, .class = c};
    if (*c == '^')
        c++;
    if (*c == ']')
        return false;
    while (*c && *c != ']') {
        if (*c == '\\' && !*++c)
            return false;
        c++;
    }
    out->len = (size_t)(c - out->class);
    *at = c + 1;
    return *c == ']';
}

static bool compile(struct ignore *i, const char *pattern)
{
    const char *c = pattern;

    while (*c) {
        struct step step = {.kind = STEP_BYTE, .byte = *c};

        if (*c == '*' && c[1] == '*') {
            c += 2;
            c += *c == '/';
            if (*c) {
                add_step(i, (struct step){.kind = STEP_DIRS});
                step.kind = STEP_IN;
            } else {
                step.kind = STEP_ALL;
            }
            add_step(i, step);
            continue;
        }
        c++;
        if (step.byte == '*')
            step.kind = STEP_NAME;
        else if (step.byte == '?')
            step.kind = STEP_ONE;
        else if (step.byte == '[' ? !read_class(&step, &c) : step.byte == '\\' && !(step.byte = *c++))
            return false;
        add_step(i, step);
    }
    return true;
}

/* Lexically, as Go's path.Clean() does: no empty names, no ".", ".." takes the name before it. In place. */
static void clean(char *path)
{
    char *names[IGNORE_RULES_MAX / 2 + 1];
    size_t n = 0, len = 0;
    bool rooted = *path == '/';

    for (char *name = path, *end; name; name = end ? end + 1 : NULL) {
        end = strchr(name, '/');
        if (end)
            *end = '\0';
        if (!*name || str_is(name, "."))
            continue;
        if (str_is(name, "..") && ((n && !str_is(names[n - 1], "..")) || rooted)) {
            n -= n > 0;
            continue;
        }
        names[n++] = name;
    }
    for (size_t i = 0; i < n; i++) {
        size_t part = strlen(names[i]);

        if (i)
            path[len++] = '/';
        memmove(path + len, names[i], part);
        len += part;
    }
    path[len] = '\0';
}

/* Takes one line, whose bytes it may change. */
static int add_rule(struct ignore *i, char *line, size_t number, struct err *e)
{
    struct rule rule = {.takes_back = *line == '!', .first = i->n_steps};

    line += rule.takes_back;
    line += strspn(line, " \t\v\f");
    if (!*line)
        return rule.takes_back
                   ? err_set(e, ERR_PLAN_FILE, "Line %zu of the ignore rules: \"!\" alone is no rule.", number)
                   : 0;
    clean(line);
    if (!*line)
        return 0;
    if (!compile(i, line))
        return err_set(e, ERR_PLAN_FILE, "Line %zu of the ignore rules: \"%.*s\" is no pattern.", number, SHOWN, line);
    rule.n = i->n_steps - rule.first;
    i->rules[i->n_rules++] = rule;
    i->any_takes_back = i->any_takes_back || rule.takes_back;
    return 0;
}

static int read_rules(struct ignore *i, const char *text, struct err *e)
{
    struct files_lines lines = {slice_of(text), 0};
    struct slice line;
    char *to = i->text;

    while (files_line(&line, &lines)) {
        char *kept = to;

        if (line.len && line.at[0] == '#')
            continue;
        line = files_strip(line);
        memcpy(to, line.at, line.len);
        to += line.len;
        *to++ = '\0';
        if (add_rule(i, kept, lines.number, e) < 0)
            return -1;
    }
    return 0;
}

int ignore_new(struct ignore **out, const char *text, struct err *e)
{
    size_t len = text ? strlen(text) : 0;
    struct ignore *i;

    *out = NULL;
    if (len > IGNORE_RULES_MAX)
        return err_set(e, ERR_PLAN_FILE, "The ignore rules are longer than %d bytes.", IGNORE_RULES_MAX);
    *out = i = mem_zero(1, sizeof *i);
    /* A byte of a pattern is one step at most; a NUL takes its newline's place. */
    i->text = mem_zero(len + 2, 1);
    i->steps = mem_zero(len + 1, sizeof *i->steps);
    i->rules = mem_zero(len + 1, sizeof *i->rules);
    i->at = mem_zero(len + 2, 1);
    i->next = mem_zero(len + 2, 1);
    if (len && read_rules(i, text, e) < 0) {
        ignore_free(out);
        return -1;
    }
    return 0;
}

void ignore_free(struct ignore **rules)
{
    struct ignore *i = *rules;

    if (!i)
        return;
    free(i->text);
    free(i->steps);
    free(i->rules);
    free(i->at);
    free(i->next);
    free(i);
    *rules = NULL;
}

static bool in_class(const struct step *step, char c)
{
    const char *at = step->class, *end = at + step->len;
    bool negated = at < end && *at == '^', found = false;

    for (at += negated; at < end; at++) {
        unsigned char low = (unsigned char)(*at == '\\' ? *++at : *at), high = low;

        if (end - at > 2 && at[1] == '-') {
            at += 2;
            high = (unsigned char)(*at == '\\' ? *++at : *at);
        }
        found = found || ((unsigned char)c >= low && (unsigned char)c <= high);
    }
    return c != '/' && found != negated;
}

/* Steps that need no byte lead on at once. */
static void settle(const struct step *steps, size_t n, bool *at)
{
    for (size_t s = 0; s < n; s++) {
        if (!at[s])
            continue;
        if (steps[s].kind == STEP_DIRS)
            at[s + 1] = at[s + 2] = true;
        if (steps[s].kind == STEP_NAME || steps[s].kind == STEP_ALL)
            at[s + 1] = true;
    }
}

/* Fills `next`, which is all false; false when no step is left. */
static bool move(const struct step *steps, size_t n, const bool *at, bool *next, char c)
{
    bool any = false;

    for (size_t s = 0; s < n; s++) {
        const struct step *step = &steps[s];
        bool stays =
            at[s] && (step->kind == STEP_ALL || step->kind == STEP_IN || (step->kind == STEP_NAME && c != '/'));
        bool goes = at[s] && ((step->kind == STEP_BYTE && step->byte == c) || (step->kind == STEP_ONE && c != '/') ||
                              (step->kind == STEP_CLASS && in_class(step, c)) || (step->kind == STEP_IN && c == '/'));

        next[s] = next[s] || stays;
        next[s + 1] = goes;
        any = any || stays || goes;
    }
    return any;
}

/* Whether the rule matches the path or a folder above it: the end of each is looked at on the way. */
static bool rule_matches(const struct ignore *i, const struct rule *rule, const char *path)
{
    const struct step *steps = i->steps + rule->first;
    bool *at = i->at, *next = i->next;

    memset(at, 0, rule->n + 1);
    at[0] = true;
    settle(steps, rule->n, at);
    for (const char *c = path; *c; c++) {
        bool *swap = at;

        if (*c == '/' && at[rule->n])
            return true;
        memset(next, 0, rule->n + 1);
        if (!move(steps, rule->n, at, next, *c))
            return false;
        settle(steps, rule->n, next);
        at = next;
        next = swap;
    }
    return at[rule->n];
}

bool ignore_matches(const struct ignore *rules, const char *path)
{
    bool left_out = false;

    for (size_t r = 0; r < rules->n_rules; r++) {
        const struct rule *rule = &rules->rules[r];

        if (left_out == rule->takes_back && rule_matches(rules, rule, path))
            left_out = !left_out;
    }
    return left_out;
}

bool ignore_is_final(const struct ignore *rules)
{
    return !rules->any_takes_back;
}
