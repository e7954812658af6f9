/* Asking the daemon over admin.sock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define LINE_MAX_BYTES (1 << 20)
#define ANSWER_MAX_BYTES (16 << 20)
#define ANSWER_LIMIT_MS 60000L
#define AGAIN_MAX 60

struct stream {
    struct buf line; /* the line that has begun */
    bool (*event)(void *arg, const json_t *event);
    void *arg;
    bool stopped;
    struct err why; /* set when an event was wrong */
};

static void cleanup_curl_at(CURL **curl)
{
    if (*curl)
        curl_easy_cleanup(*curl);
}

static void cleanup_headers_at(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
}

static bool take_line(struct stream *s, const char *line)
{
    json_error_t where;
    json_t *event;

    if (!str_starts(line, "data:"))
        return true; /* a comment or an empty line */
    event = json_loads(line + strlen("data:"), 0, &where);
    if (!event) {
        err_set(&s->why, ERR_MALFORMED, "the daemon sent an event that is no JSON: %s", where.text);
        return false;
    }
    s->stopped = !s->event(s->arg, event);
    json_decref(event);
    return !s->stopped;
}

static size_t take_bytes(char *bytes, size_t one, size_t len, void *arg)
{
    struct stream *s = arg;
    struct slice rest = {bytes, len};

    while (rest.len) {
        const char *newline = memchr(rest.at, '\n', rest.len);
        struct slice piece = slice_cut(&rest, '\n');

        if (!buf_add(&s->line, piece.at, piece.len)) {
            err_set(&s->why, ERR_TOO_LARGE, "the daemon sent a line of more than %d bytes", LINE_MAX_BYTES);
            return 0;
        }
        if (!newline)
            break;
        if (!take_line(s, buf_text(&s->line)))
            return 0; /* libcurl ends the transfer */
        buf_clear(&s->line);
    }
    return len;
}

static int transfer_result(CURLcode code, const char *socket, struct err *e)
{
    if (code == CURLE_COULDNT_CONNECT && access(socket, R_OK | W_OK) < 0 && errno == EACCES)
        return err_set_errno(e, ERR_CLIENT_FORBIDDEN, "%s", socket);
    if (code == CURLE_COULDNT_CONNECT)
        return err_set(e, ERR_CLIENT_UNREACHABLE, "nobody answers at %s: is Ringbinder running, and in this --dir?",
                       socket);
    if (code != CURLE_OK)
        return err_set(e, ERR_CLIENT_UNREACHABLE, "%s: %s", socket, curl_easy_strerror(code));
    return 0;
}

static int stream_result(CURL *curl, CURLcode code, const struct stream *s, const char *socket, struct err *e)
{
    long status = 0;

    if (s->stopped)
        return 0;
    if (s->why.code != ERR_NONE) {
        *e = s->why;
        return -1;
    }
    if (transfer_result(code, socket, e) < 0)
        return -1;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return err_set(e, ERR_CLIENT_REFUSED, "the daemon answered with status %ld", status);
    return 0;
}

int client_stream(const char *socket, const char *path, bool (*event)(void *arg, const json_t *event), void *arg,
                  struct err *e)
{
    CLEANUP(cleanup_curl_at) CURL *curl = curl_easy_init();
    CLEANUP(cleanup_headers_at)
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/event-stream");
    cleanup_free char *url = mem_format("http://localhost%s", path);
    struct stream s = {.line = BUF_OF(LINE_MAX_BYTES), .event = event, .arg = arg};
    CURLcode code;
    int result;

    if (!curl)
        return err_set(e, ERR_SYSTEM, "libcurl does not start");
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &s);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    code = curl_easy_perform(curl);
    result = stream_result(curl, code, &s, socket, e);
    buf_free(&s.line);
    return result;
}

/* ---- one question ---- */

static size_t take_answer(char *bytes, size_t one, size_t len, void *arg)
{
    return buf_add(arg, bytes, len) ? len : 0; /* libcurl ends the transfer */
}

int client_error(struct err *e, const json_t *error)
{
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *text = json_string_value(json_object_get(error, "text"));
    int number = code && str_starts(code, "RB") ? atoi(code + 2) : ERR_CLIENT_REFUSED;

    return err_set(e, (enum err_code)number, "%s", text ? text : "the daemon refused it without a reason");
}

static int read_answer(json_t **out, CURL *curl, const struct buf *answer, struct err *e)
{
    json_auto_t *json = json_loadb(buf_text(answer), answer->len, JSON_ALLOW_NUL, NULL);
    const json_t *error = json_object_get(json, "error");
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && error)
        return client_error(e, error);
    if (status == 404 || status == 405)
        return err_set(e, ERR_CLIENT_REFUSED, "the daemon does not know this question: it is of another version");
    if (status != 200 || !json_is_object(json))
        return err_set(e, ERR_CLIENT_REFUSED, "the daemon answered with status %ld and nothing that can be read",
                       status);
    *out = json_incref(json);
    return 0;
}

int client_ask(json_t **out, const struct client_question *q, struct err *e)
{
    CLEANUP(cleanup_curl_at) CURL *curl = curl_easy_init();
    cleanup_free char *socket = mem_format("%s/run/admin.sock", q->dir);
    cleanup_free char *url = mem_format("http://localhost%s", q->path);
    cleanup_buf struct buf answer = BUF_OF(ANSWER_MAX_BYTES);
    CURLcode code;

    if (!curl)
        return err_set(e, ERR_SYSTEM, "libcurl does not start");
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_LIMIT_MS);
    code = curl_easy_perform(curl);
    if (answer.full)
        return err_set(e, ERR_TOO_LARGE, "the daemon's answer has more than %d bytes", ANSWER_MAX_BYTES);
    if (transfer_result(code, socket, e) < 0)
        return -1;
    return read_answer(out, curl, &answer, e);
}

bool client_again(const struct err *e, int *times)
{
    if (e->code != ERR_CLIENT_UNREACHABLE || *times == AGAIN_MAX)
        return false;
    ++*times;
    sleep(1);
    return true;
}
