/* One daemon's room launch between stand-ins, and a stream that reads one launch: for tests. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_FAKE_LAUNCH_WORLD_H
#define TESTS_FAKE_LAUNCH_WORLD_H

#include "build.h"
#include "launch/launch.h"
#include "loop/loop.h"
#include "session.h"
#include "store/rows.h"

#define COMMIT "596b52f10efb0c9befc0c4ae850cc5175297d71c"
#define URL "https%3A%2F%2Fgit.example.org%2Flab%2Fdata"
#define IMAGE "ringbinder/i-https-3a-2f-2fgit-2eexample-2eorg-2flab-2fdata-1f0c06:" COMMIT

/* One daemon's life: the room under test, its stand-ins, and a stream that reads one launch. */
struct world {
    struct loop *loop;
    struct store *store;
    struct builds builds;
    struct sessions sessions;
    struct launches *launches;
    struct launch_reader *reader;
    struct buf got;   /* without the ids */
    char last[64];    /* the id of the last event; "": none */
    int disorder;     /* events whose number did not grow, or whose id is not of the same stream */
    int cancelled;    /* starts of sessions, by the room under test, in all its life */
    int64_t ended_at; /* the stream's end; -1: it is open */
    char journal[8192];
};
extern struct world w;

void world_begin(void);
void world_end(void);
/* A state folder without a past, and stand-ins for which everything is there. */
void world_new(void);
/* Makes the test's own folder and takes the journal; false when that fails. */
bool world_folder(void);
/* Removes it. */
void world_folder_end(void);

/* A stream that reads a launch. */
void launch(const char *provider, const char *spec, const char *accept);
void read_from(const struct launch_place *from);
/* A client comes back with an event's id: "new" where that asks for a new launch, "over" where there is no more. */
const char *come_back_to(const char *provider, const char *spec, const char *id);
void run(void);
void run_for(int64_t ms);

#define LAUNCHING(text) "data: {\"phase\":\"launching\",\"message\":\"" text "\"}\n\n"
#define READY                                                                                                          \
    "data: {\"phase\":\"ready\","                                                                                      \
    "\"message\":\"server running at http://127.0.0.1:8586/user/lab-data-abcd1234/\\n\","                              \
    "\"url\":\"http://127.0.0.1:8586/user/lab-data-abcd1234/\",\"token\":\"AAAAAAAAAAAAAAAAAAAAAA\","                  \
    "\"image\":\"" IMAGE "\",\"repo_url\":\"https://git.example.org/lab/data\","                                       \
    "\"binder_ref_url\":\"https://git.example.org/lab/data\",\"binder_launch_host\":\"http://127.0.0.1:8585/\","       \
    "\"binder_request\":\"v2/git/" URL "/main\",\"binder_persistent_request\":\"v2/git/" URL "/" COMMIT "\","          \
    "\"binder_client_ip\":\"192.0.2.7\"}\n\n"
#define STARTED LAUNCHING("Server requested\\n") LAUNCHING("Spawning server...\\n")
#define ANSWERED LAUNCHING("Server ready at /user/lab-data-abcd1234/\\n") READY
#define FOUND                                                                                                          \
    "data: {\"phase\":\"built\",\"imageName\":\"" IMAGE "\",\"message\":\"Found built image, launching...\\n\"}\n\n"
#define WAITING "data: {\"phase\":\"waiting\",\"message\":\"Waiting for build to start...\\n\"}\n\n"
#define LINE(text) "data: {\"phase\":\"building\",\"message\":\"" text "\\n\"}\n\n"
#define BUILT "data: {\"phase\":\"built\",\"imageName\":\"" IMAGE "\",\"message\":\"Built image, launching...\\n\"}\n\n"

#endif
