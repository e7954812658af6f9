/* Whether the appliance answers: asked at its own front, by a child, since asking blocks. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/ready.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/place.h"

#define READY_LIMIT_MS 60000
#define READY_AGAIN_US 20000

static size_t drop_bytes(char *bytes, size_t one, size_t len, void *arg)
{
    (void)bytes;
    (void)arg;
    return one * len;
}

/* Status 200 at that address, once. */
static bool answers(const char *address, const char *path)
{
    cleanup_free char *url = mem_format("http://%s%s", address, path);
    CURL *curl = curl_easy_init();
    long status = 0;

    if (!curl)
        return false;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 6000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_bytes);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return status == 200;
}

static int wait_for(const struct place *p)
{
    int64_t limit = clock_ms() + READY_LIMIT_MS;

    while (clock_ms() < limit) {
        if (answers(p->portal_listen, "/versions") && answers(p->sessions_listen, "/hub/api/health"))
            return 0;
        usleep(READY_AGAIN_US);
    }
    return 1;
}

void ready_start(struct ready *r, const struct place *p)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(wait_for(p));
    }
    r->pid = pid > 0 ? pid : 0;
}

void ready_ended(struct ready *r, int status, const struct place *p)
{
    r->pid = 0;
    if (status != 0) {
        fputs("ringbinder up: it does not answer at its own front; the lines above say why\n", stderr);
        return;
    }
    printf("portal http://%s\nsessions http://%s\n", p->portal_listen, p->sessions_listen);
    fflush(stdout);
}

void ready_stop(struct ready *r)
{
    if (r->pid)
        kill(r->pid, SIGKILL);
}
