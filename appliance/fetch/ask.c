/* One question to a provider's host over HTTP. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/ask.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* Contract 3. */
#define AGENT "BinderHub"
#define LIMIT_MS 20000L
#define REDIRECTS_MAX 5L
#define TURN_MS 200 /* how often it is seen that nobody waits any more */

struct asking {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *fields;
    char complaint[CURL_ERROR_SIZE];
};

static void asking_free(struct asking *a)
{
    if (a->multi && a->easy)
        curl_multi_remove_handle(a->multi, a->easy);
    curl_easy_cleanup(a->easy);
    curl_multi_cleanup(a->multi);
    curl_slist_free_all(a->fields);
}

void ask_answer_free(struct ask_answer *a)
{
    buf_free(&a->body);
}

static size_t take_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct ask_answer *out = arg;

    return buf_add(&out->body, bytes, len) ? len : 0;
}

/* The field's value, when the line is that field's. */
static bool field_is(struct slice line, const char *name, struct slice *value)
{
    struct slice rest = line, its_name = slice_cut(&rest, ':');

    *value = slice_trim(rest);
    return slice_is_nocase(its_name, name);
}

/* Printable, or nothing at all: it goes back into a request, and to the daemon. */
static void copy_printable(char *to, size_t room, struct slice text)
{
    bool good = text.len < room;

    for (size_t i = 0; good && i < text.len; i++)
        good = text.at[i] >= ' ' && text.at[i] < 127;
    to[0] = '\0';
    if (good && text.len) {
        memcpy(to, text.at, text.len);
        to[text.len] = '\0';
    }
}

static void take_number(int64_t *to, struct slice text)
{
    uint64_t number;

    if (str_number(&number, text, INT64_MAX))
        *to = (int64_t)number;
}

/* Each answer of a chain of redirects begins with its status line: the last one counts. */
static void begin_answer(struct ask_answer *out, struct slice line)
{
    slice_cut(&line, ' ');
    slice_cut(&line, ' ');
    copy_printable(out->reason, sizeof out->reason, slice_trim(line));
    out->etag[0] = '\0';
    out->said = (struct provider_answer){.remaining = -1, .reset = -1};
    buf_clear(&out->body);
}

static size_t take_field(char *bytes, size_t one, size_t len, void *arg)
{
    struct ask_answer *out = arg;
    struct slice line = {bytes, len}, value;

    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    if (slice_starts(line, "HTTP/"))
        begin_answer(out, line);
    else if (field_is(line, "ETag", &value))
        copy_printable(out->etag, sizeof out->etag, value);
    else if (field_is(line, "X-RateLimit-Remaining", &value))
        take_number(&out->said.remaining, value);
    else if (field_is(line, "X-RateLimit-Reset", &value))
        take_number(&out->said.reset, value);
    return len;
}

static void add_field(struct asking *a, const char *name, const char *value)
{
    cleanup_free char *field = mem_format("%s: %s", name, value);

    if (value[0])
        a->fields = curl_slist_append(a->fields, field);
}

/* libcurl's own default is Debian's bundle; the program curl and git read these. */
static const char *bundle(void)
{
    static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "GIT_SSL_CAINFO"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]) && *getenv(names[i]))
            return getenv(names[i]);
    return NULL;
}

static void prepare(struct asking *a, const struct provider_question *q, const char *etag, struct ask_answer *out)
{
    /* A field of ours goes to no other host that an answer leads to (CURLOPT_UNRESTRICTED_AUTH is off). */
    add_field(a, "Authorization", q->authorization);
    add_field(a, "If-None-Match", etag);
    add_field(a, "Accept", "application/json");
    curl_easy_setopt(a->easy, CURLOPT_URL, q->url);
    curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->fields);
    curl_easy_setopt(a->easy, CURLOPT_USERAGENT, AGENT);
    /* The sentence of contract 3.2 has the status line's words, which HTTP/2 does not have. */
    curl_easy_setopt(a->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(a->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(a->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(a->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(a->easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(a->easy, CURLOPT_TIMEOUT_MS, LIMIT_MS);
    curl_easy_setopt(a->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, a->complaint);
    curl_easy_setopt(a->easy, CURLOPT_HEADERFUNCTION, take_field);
    curl_easy_setopt(a->easy, CURLOPT_HEADERDATA, out);
    curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, out);
    if (bundle())
        curl_easy_setopt(a->easy, CURLOPT_CAINFO, bundle());
}

static int run(const struct asking *a, struct conn *conn, struct err *e)
{
    int running = 1, left;
    const CURLMsg *end;

    while (running) {
        if (conn_wanted(conn, e) < 0)
            return -1;
        if (curl_multi_perform(a->multi, &running) != CURLM_OK ||
            (running && curl_multi_poll(a->multi, NULL, 0, TURN_MS, NULL) != CURLM_OK))
            return err_set(e, ERR_SYSTEM, "libcurl does not go on");
    }
    end = curl_multi_info_read(a->multi, &left);
    if (end && end->data.result == CURLE_OK)
        return 0;
    return err_set(e, ERR_ASK_FAILED, "%s",
                   a->complaint[0] ? a->complaint
                   : end           ? curl_easy_strerror(end->data.result)
                                   : "libcurl says nothing");
}

int ask_get(struct ask_answer *out, const struct provider_question *q, const char *etag, struct conn *conn,
            struct err *e)
{
    CLEANUP(asking_free) struct asking a = {.easy = curl_easy_init(), .multi = curl_multi_init()};
    long status = 0;

    *out = (struct ask_answer){.body = BUF_OF(ASK_BODY_MAX)};
    if (!a.easy || !a.multi)
        return err_set(e, ERR_SYSTEM, "libcurl does not start");
    prepare(&a, q, etag, out);
    curl_multi_add_handle(a.multi, a.easy);
    if (run(&a, conn, e) < 0)
        return -1;
    curl_easy_getinfo(a.easy, CURLINFO_RESPONSE_CODE, &status);
    out->said.status = (int)status;
    out->said.reason = out->reason;
    out->said.body = (struct slice){buf_text(&out->body), out->body.len};
    out->said.now = time(NULL);
    return 0;
}
