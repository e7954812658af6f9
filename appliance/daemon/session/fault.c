/* What went wrong with a server, as an error that its visitor or its repository's author can do something about. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/fault.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "session/room.h"

#define KILLED (128 + SIGKILL)
#define NOT_EXECUTABLE 126 /* of a shell and of the engine (POSIX sh, 2.8.2) */
#define NOT_FOUND 127
#define WORDS_LEAST 40 /* bytes below which they say nothing */
#define PORTS_TEXT 64
#define MIB (1 << 20)

/* Their end: that is where the reason is. */
static void add_words(struct err *why, const char *words)
{
    size_t len = strlen(why->text), room = sizeof why->text - len - sizeof ": ", has = strlen(words);

    if (!has || room < WORDS_LEAST)
        return;
    if (has > room)
        words += has - room;
    while (((unsigned char)*words & 0xc0) == 0x80)
        words++; /* not in the middle of a character */
    snprintf(why->text + len, sizeof why->text - len, ": %s", words);
}

/* As the C library, Python, Node and shells word EACCES. */
static bool is_about_permission(const char *words)
{
    return strstr(words, "ermission denied") || strstr(words, "EACCES");
}

static bool is_for_want_of_memory(const struct fault_end *end)
{
    return end->out_of_memory && end->exit_code == KILLED;
}

void fault_of_start(struct err *why, const struct fault_end *end)
{
    if (is_for_want_of_memory(end))
        err_set(why, ERR_SESSION_START_MEMORY,
                "The notebook server needed more than the %lld MiB of memory that a session has here, and was killed "
                "while it was starting",
                (long long)end->memory_bytes / MIB);
    else if (end->exit_code > 0 && is_about_permission(end->words))
        err_set(why, ERR_SESSION_UNREADABLE,
                "User 1000, as whom every session runs here, may not use the image's files (exit code %d)",
                end->exit_code);
    else if (end->exit_code == NOT_FOUND || end->exit_code == NOT_EXECUTABLE)
        err_set(why, ERR_SESSION_NO_JUPYTER, "The image cannot start a notebook server (exit code %d)", end->exit_code);
    else if (end->exit_code < 0)
        err_set(why, ERR_SESSION_DIED, "The notebook server ended while it was starting");
    else
        err_set(why, ERR_SESSION_DIED, "The notebook server ended with code %d while it was starting", end->exit_code);
    add_words(why, end->words);
}

void fault_of_run(struct err *why, const struct fault_end *end)
{
    if (is_for_want_of_memory(end))
        err_set(why, ERR_SESSION_MEMORY, "it needed more than the %lld MiB of memory that a session has here",
                (long long)end->memory_bytes / MIB);
    else if (end->exit_code == KILLED)
        err_set(why, ERR_SESSION_EXITED, "the notebook server was killed");
    else
        err_set(why, ERR_SESSION_EXITED, "the notebook server ended by itself, with code %d", end->exit_code);
}

/* "9999 and 8080"; those on the loopback address only where there are no others. */
static const char *ports_text(char text[PORTS_TEXT], const struct fault_silence *silence, bool everywhere)
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < silence->ports_count; i++) {
        const struct engine_port *port = &silence->ports[i];

        if (port->everywhere == everywhere && len < PORTS_TEXT - 16)
            len += (size_t)snprintf(text + len, PORTS_TEXT - len, "%s%d", len ? " and " : "", port->number);
    }
    return text;
}

static const struct engine_port *port_of(const struct fault_silence *silence, int number)
{
    for (int i = 0; i < silence->ports_count; i++)
        if (silence->ports[i].number == number)
            return &silence->ports[i];
    return NULL;
}

void fault_of_silence(struct err *why, const struct fault_silence *silence)
{
    const struct engine_port *own = port_of(silence, SESSION_PORT);
    char others[PORTS_TEXT];

    ports_text(others, silence, true);
    if (silence->status)
        err_set(why, ERR_SESSION_OTHER_SERVER,
                "What listens on port %d answered for %d s with status %d where a Jupyter server says its version",
                SESSION_PORT, silence->limit_s, silence->status);
    else if (own && !own->everywhere)
        err_set(why, ERR_SESSION_PORT,
                "The notebook server listens on port %d of 127.0.0.1 alone, where nobody reaches it", SESSION_PORT);
    else if (!own && others[0])
        err_set(why, ERR_SESSION_PORT,
                "The notebook server did not answer within %d s: it listens on port %s, not on %d", silence->limit_s,
                others, SESSION_PORT);
    else if (!own && silence->ports_count >= 0)
        err_set(why, ERR_SESSION_SILENT,
                "The notebook server did not answer within %d s: nothing listens on port %d yet", silence->limit_s,
                SESSION_PORT);
    else
        err_set(why, ERR_SESSION_SILENT, "The notebook server did not answer within %d s", silence->limit_s);
    add_words(why, silence->words);
}

/* As runc and crun word it, within what the engine says: "exec: \"sh\": executable file not found in $PATH". A hook
 * that sets up the network may miss a file, too, while the engine stops: that is not the image's fault. */
static bool is_about_program(const char *words)
{
    return strstr(words, "exec") && !strstr(words, "hook");
}

void fault_of_engine(struct err *e)
{
    struct err refused = *e;

    if (e->code != ERR_ENGINE_REFUSED || !is_about_program(refused.text))
        return;
    if (is_about_permission(refused.text))
        err_set(e, ERR_SESSION_UNREADABLE,
                "User 1000, as whom every session runs here, may not run what the image starts");
    else if (strstr(refused.text, "executable file not found") || strstr(refused.text, "no such file or directory"))
        err_set(e, ERR_SESSION_NO_JUPYTER, "The image does not have the program that is to be started in it");
    else
        return;
    add_words(e, refused.text);
}
